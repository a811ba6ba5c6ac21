package demo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strings"
)

// fields are the top level of payload.data. An event without data, or with data
// that is no object, has none.
type fields map[string]json.RawMessage

func (p Payload) fields() fields {
	var f fields
	if json.Unmarshal(p.Data, &f) != nil {
		return nil
	}
	return f
}

// number reads the first of the named fields that is a number, exactly.
func (f fields) number(names ...string) (*big.Rat, bool) {
	for _, name := range names {
		decoder := json.NewDecoder(bytes.NewReader(f[name]))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) != nil {
			continue
		}
		if digits, ok := value.(json.Number); ok {
			if n, ok := new(big.Rat).SetString(digits.String()); ok {
				return n, true
			}
		}
	}
	return nil, false
}

// text reads the first of the named fields that is a string and not empty.
func (f fields) text(names ...string) (string, bool) {
	for _, name := range names {
		var value string
		if json.Unmarshal(f[name], &value) == nil && strings.TrimSpace(value) != "" {
			return value, true
		}
	}
	return "", false
}

// decimal writes a number with all of its digits and no exponent. What comes
// from decimals by adding and multiplying always has an end.
func decimal(n *big.Rat) json.Number {
	if n.IsInt() {
		return json.Number(n.Num().String())
	}
	places, _ := n.FloatPrec()
	return json.Number(n.FloatString(places))
}

// reference makes a number for a record in some other system out of the event,
// so that doing the same thing twice gives the same record.
func reference(prefix string, in Input) string {
	sum := sha256.Sum256([]byte(in.Event.ID))
	return prefix + "-" + strings.ToUpper(hex.EncodeToString(sum[:4]))
}
