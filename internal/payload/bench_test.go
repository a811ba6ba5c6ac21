package payload_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/internal/payload"
)

var sample = []byte(`{"current":3,"threshold":10,"warehouse":"w1","supplier":{"id":"s-77","name":"Grüne Wiese","rating":4.75},` +
	`"lines":[{"sku":"A-1","quantity":12,"price":"19.90"},{"sku":"B-2","quantity":1,"price":"5.00"}],"note":"` + strings.Repeat("n", 200) + `","urgent":true,"ref":null}`)

func BenchmarkCheck(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		if err := payload.Check(sample, payload.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSONValid(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	for b.Loop() {
		if !json.Valid(sample) {
			b.Fatal("not valid")
		}
	}
}
