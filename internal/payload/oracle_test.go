package payload_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/signalbox/signalbox/internal/payload"
)

// refusals says by other means than Check's what it is to refuse a text for: with
// encoding/json's decoder and regular expressions, slowly, in several passes. It is
// empty for a text that Check accepts.
func refusals(raw []byte, limits payload.Limits) map[payload.Kind]bool {
	found := map[payload.Kind]bool{}
	if len(raw) > limits.MaxBytes {
		found[payload.TooLarge] = true
	}
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		found[payload.BadString] = true
		found[payload.Malformed] = true // depending on whether it is in a string
	}
	if !json.Valid(raw) {
		// Whatever else is wrong may come before it or after it; and characters that
		// no string may hold are BadString.
		for kind := payload.Malformed; kind <= payload.BadNumber; kind++ {
			if kind != payload.TooLarge {
				found[kind] = true
			}
		}
		return found
	}
	if badEscapes(raw) {
		found[payload.BadString] = true
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	walkTokens(decoder, 1, limits, found)
	return found
}

// walkTokens reads one value and tells whether there was one.
func walkTokens(decoder *json.Decoder, depth int, limits payload.Limits, found map[payload.Kind]bool) bool {
	token, err := decoder.Token()
	if err != nil {
		if err != io.EOF {
			panic(err) // json.Valid said yes
		}
		return false
	}
	switch token := token.(type) {
	case json.Number:
		if badNumber(token.String(), limits) {
			found[payload.BadNumber] = true
		}
	case json.Delim:
		if token == ']' || token == '}' {
			return false
		}
		if depth > limits.MaxDepth {
			found[payload.TooDeep] = true
		}
		if token == '[' {
			for walkTokens(decoder, depth+1, limits, found) {
			}
			return true
		}
		seen := map[string]bool{}
		for {
			token, err := decoder.Token()
			if err != nil {
				panic(err)
			}
			key, ok := token.(string)
			if !ok {
				return true
			}
			if len(key) > limits.MaxKeyBytes {
				found[payload.LongKey] = true
			}
			if seen[key] {
				found[payload.DuplicateKey] = true
			}
			seen[key] = true
			walkTokens(decoder, depth+1, limits, found)
		}
	}
	return true
}

var numberParts = regexp.MustCompile(`^-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$`)

func badNumber(text string, limits payload.Limits) bool {
	parts := numberParts.FindStringSubmatch(text)
	digits := parts[1] + parts[2]
	if len(digits) > limits.MaxNumberDigits {
		return true
	}
	exponent := new(big.Int)
	if parts[3] != "" {
		exponent.SetString(strings.TrimPrefix(parts[3], "+"), 10)
	}
	limit := big.NewInt(int64(limits.MaxExponent))
	if exponent.CmpAbs(limit) > 0 {
		return true
	}
	significant := strings.TrimLeft(digits, "0")
	if significant == "" {
		return false
	}
	// 0.00123 is 123 at 10^-5, which is 1.23 at 10^(-5+2).
	exponent.Add(exponent, big.NewInt(int64(len(significant)-1-len(parts[2]))))
	return exponent.CmpAbs(limit) > 0
}

var escapes = regexp.MustCompile(`\\u([0-9a-fA-F]{4})|\\.|[^\\]`)

// badEscapes tells whether valid JSON has an escape of NUL or of half a pair. A
// backslash is nowhere but in strings.
func badEscapes(raw []byte) bool {
	high := false
	for _, match := range escapes.FindAllSubmatch(raw, -1) {
		unit := rune(' ')
		if match[1] != nil {
			n, err := strconv.ParseUint(string(match[1]), 16, 16)
			if err != nil {
				panic(err)
			}
			unit = rune(n)
		}
		low := utf16.IsSurrogate(unit) && unit >= 0xDC00
		if unit == 0 || low != high {
			return true
		}
		high = utf16.IsSurrogate(unit) && !low
	}
	return high
}

// view is what encoding/json makes of a text, numbers as they are written.
func view(raw []byte) (v any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err = decoder.Decode(&v)
	return v, err
}

// own is the same view by this package's readers.
func own(raw []byte) any {
	switch raw[0] {
	case '{':
		object := map[string]any{}
		for key, value := range payload.Members(raw) {
			object[key] = own(value)
		}
		return object
	case '[':
		array := []any{}
		for element := range payload.Elements(raw) {
			array = append(array, own(element))
		}
		return array
	case '"':
		s, ok := payload.String(raw)
		if !ok {
			panic("a checked string cannot be read")
		}
		return s
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	return json.Number(raw)
}
