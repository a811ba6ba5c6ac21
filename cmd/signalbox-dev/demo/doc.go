// Package demo is the worker that signalbox-dev runs beside Signalbox, so that
// every operation of the catalogue starts something that can be watched: a few
// activities, a short timer, a query named status, and a result that names the
// event it came from (P-20).
//
// It shows what a user's own worker looks like. Nothing here talks to the world:
// activities stand in for the systems that a business has, and answer from the
// event alone, so that running one twice changes nothing. Two more workflows,
// Complete and Record, are for tests.
package demo
