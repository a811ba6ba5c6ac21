package eventtype

import (
	"encoding/json"
	"iter"
	"maps"
	"math/big"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// kinds is a set of the types that JSON Schema knows: signalbox.Kind with integers
// beside the other numbers.
type kinds uint8

const (
	kindString   = kinds(signalbox.KindString)
	kindNumber   = kinds(signalbox.KindNumber) // those that are no integers
	kindBoolean  = kinds(signalbox.KindBoolean)
	kindNull     = kinds(signalbox.KindNull)
	kindObject   = kinds(signalbox.KindObject)
	kindArray    = kinds(signalbox.KindArray)
	kindInteger  = kindArray << 1
	kindsNumeric = kindNumber | kindInteger
	anyKind      = kindInteger<<1 - 1
)

// typeNames are the names that the keyword type knows.
var typeNames = map[string]kinds{
	"string": kindString, "number": kindsNumeric, "integer": kindInteger, "boolean": kindBoolean,
	"null": kindNull, "object": kindObject, "array": kindArray,
}

// kindOf is the type of a decoded value.
func kindOf(v any) kinds {
	switch v := v.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBoolean
	case string:
		return kindString
	case []any:
		return kindArray
	case map[string]any:
		return kindObject
	case json.Number:
		if isInteger(v.String()) {
			return kindInteger
		}
	}
	return kindNumber
}

// isInteger tells of a JSON number whether it is whole, as 1.0 and 1e3 are.
func isInteger(text string) bool {
	if !strings.ContainsAny(text, ".eE") {
		return true
	}
	r, ok := new(big.Rat).SetString(text)
	return ok && r.IsInt()
}

// public is the set as rules know it.
func (k kinds) public() signalbox.Kind {
	if k&kindInteger != 0 {
		k |= kindNumber
	}
	return signalbox.Kind(k &^ kindInteger)
}

// String lists the kinds for a sentence: "a string or null".
func (k kinds) String() string {
	var names []string
	for _, of := range []struct {
		kinds
		name string
	}{
		{kindString, "a string"},
		{kindNumber, "a number"},
		{kindInteger, "an integer"},
		{kindBoolean, "a boolean"},
		{kindObject, "an object"},
		{kindArray, "an array"},
		{kindNull, "null"},
	} {
		if k&of.kinds != 0 && (of.kinds != kindInteger || k&kindNumber == 0) {
			names = append(names, of.name)
		}
	}
	return listed(names, "or")
}

// aKind names the kind of a value: "a string".
func aKind(v any) string {
	k := kindOf(v)
	if k == kindInteger {
		k = kindNumber
	}
	return k.String()
}

// listed joins words as a sentence does: a, b or c.
func listed(words []string, and string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}

func keysOf[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
