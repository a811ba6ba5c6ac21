package main

import (
	"strconv"
	"sync/atomic"
)

// The event that everything is measured with: an ordinary one, its data about 500
// bytes of JSON, no two the same.

const (
	eventType         = "bench"
	operationAccepted = "accepted"
	operationStarted  = "started"
	operationTimed    = "timed"

	bulkSize = 100
)

var eventNumber atomic.Uint64

// nextEntity is an entity id that has not been used in this process.
func nextEntity() string {
	return "item-" + strconv.FormatUint(eventNumber.Add(1), 10)
}

func appendData(b []byte, entity string) []byte {
	b = append(b, `{"timestamp":"2026-03-01T12:00:00.250Z","priority":"high","item":{"sku":"`...)
	b = append(b, entity...)
	b = append(b, `","name":"Bearing, deep groove, 6204-2RS","unit":"piece"},"stock":{"current":3,"reserved":2,"threshold":10,"reorderQuantity":120},`...)
	b = append(b, `"price":{"amount":12.40,"currency":"EUR"},"supplier":{"id":"sup-118","name":"Northern Bearings Ltd","leadTimeDays":4,"preferred":true},`...)
	b = append(b, `"locations":[{"warehouse":"BER-1","bin":"A-17-3","quantity":2},{"warehouse":"HAM-2","bin":"C-02-9","quantity":1}],`...)
	return append(b, `"note":"Fell below the threshold after order 88121","context":null}`...)
}

// appendEvent is the input of a send.
func appendEvent(b []byte, operation, wait, entity string) []byte {
	b = append(b, `{"type":"`+eventType+`","operation":"`...)
	b = append(b, operation...)
	b = append(b, `","payload":{"id":"`...)
	b = append(b, entity...)
	b = append(b, `","data":`...)
	b = appendData(b, entity)
	b = append(b, '}')
	if wait != "" {
		b = append(b, `,"waitFor":"`...)
		b = append(b, wait...)
		b = append(b, '"')
	}
	return append(b, '}')
}
