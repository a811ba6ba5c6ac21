package payload_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/internal/payload"
)

var sample = []byte(`{"current":3,"threshold":10,"warehouse":"w1","supplier":{"id":"s-77","name":"Grüne Wiese","rating":4.75},` +
	`"lines":[{"sku":"A-1","quantity":12,"price":"19.90"},{"sku":"B-2","quantity":1,"price":"5.00"}],"note":"` + strings.Repeat("n", 262) + `","urgent":true,"ref":null}`)

// texts are 500 bytes as they usually come, and what is dear to check.
func texts() map[string][]byte {
	many := manyKeys(256<<10-32, `,"%d":0`)
	return map[string][]byte{
		"500 bytes":                  sample,
		"256 KiB of such":            []byte("[" + strings.Repeat(string(sample)+",", 256<<10/len(sample)-1) + "0]"),
		"256 KiB of keys":            bytes.Replace(many, []byte(`,"first":0}`), []byte(`}`), 1),
		"256 KiB of one-digit items": []byte("[" + strings.Repeat("1,", 128<<10-2) + "1]"),
		"256 KiB of escapes":         []byte(`"` + strings.Repeat(`\u00e9`, 256<<10/6-1) + `"`),
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, raw := range texts() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := payload.Check(raw, payload.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkJSONValid is what to compare Check with: encoding/json's scanner, which
// looks at neither limits nor duplicate keys nor surrogates.
func BenchmarkJSONValid(b *testing.B) {
	for name, raw := range texts() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if !json.Valid(raw) {
					b.Fatal("not valid")
				}
			}
		})
	}
}

func BenchmarkMembers(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		for range payload.Members(sample) {
		}
	}
}
