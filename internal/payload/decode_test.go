package payload_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/payload"
)

// standard is what encoding/json makes of a text.
func standard(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v)
	return v
}

var decodable = []string{
	``, `null`, ` true `, `false`, `-0`, `12345678901234567890.123e-10`, `""`, `"a\"b\\\u00e4\ud83d\ude00\n"`, `[]`, ` [ ] `, `{}`, ` { } `,
	`[1,"a",null,[true,{"b":[]}]]`, "{\n\t\"a\" : 1 ,\r\"b\\n\":{\"c\": [ 1 , 2 ]},\"\":\"\"}", `{"ä":"\/"}`,
}

func TestDecode(t *testing.T) { // P-05
	for _, text := range decodable {
		require.Equal(t, standard([]byte(text)), payload.Decode([]byte(text)), text)
	}
}

// Whatever passes the gate decodes as by encoding/json; whatever does not, ends.
func FuzzDecode(f *testing.F) {
	for _, text := range decodable {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := payload.Decode(raw)
		if payload.Check(raw, payload.DefaultLimits()) == nil {
			require.Equal(t, standard(raw), got)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	raw := []byte(`{"timestamp":"2026-03-01T12:00:00.250Z","priority":"high","item":{"sku":"x","name":"Bearing, deep groove, 6204-2RS","unit":"piece"},"stock":{"current":3,"reserved":2,"threshold":10,"reorderQuantity":120},"price":{"amount":12.40,"currency":"EUR"},"supplier":{"id":"sup-118","name":"Northern Bearings Ltd","leadTimeDays":4,"preferred":true},"locations":[{"warehouse":"BER-1","bin":"A-17-3","quantity":2},{"warehouse":"HAM-2","bin":"C-02-9","quantity":1}],"note":"Fell below the threshold after order 88121","context":null}`)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			payload.Decode(raw)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			standard(raw)
		}
	})
}
