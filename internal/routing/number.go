package routing

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// adapter makes CEL values of decoded JSON. It differs from cel-go's in numbers
// alone, which never lose a digit.
type adapter struct{ types.Adapter }

func (a adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case map[string]any:
		return types.NewStringInterfaceMap(a, v)
	case []any:
		return types.NewDynamicList(a, v)
	}
	return a.Adapter.NativeToValue(v)
}

// number is an int where the text says a whole number of 64 bits, however it spells
// it (5, 5.0, 5e0); a double where the text is what the nearest double is in its
// shortest form; and else a decimal.
func number(text json.Number) ref.Val {
	s := string(text)
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return types.Int(i)
	}
	d := digitsOf(s)
	if i, ok := d.whole(); ok {
		return types.Int(i)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && (len(d.digits) <= 15 || d == digitsOf(strconv.FormatFloat(f, 'g', -1, 64))) {
		return types.Double(f)
	}
	return decimal(s)
}

// digits is a number as ±digits × 10^exponent, with no zero at either end of the
// digits: equal numbers are equal digits. Zero has none.
type digits struct {
	negative bool
	digits   string
	exponent int
}

func digitsOf(s string) digits {
	var d digits
	s, d.negative = strings.CutPrefix(s, "-")
	mantissa := s
	if e := strings.IndexAny(s, "eE"); e >= 0 {
		mantissa = s[:e]
		d.exponent, _ = strconv.Atoi(s[e+1:])
	}
	before, after, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(before+after, "0")
	d.digits = strings.TrimRight(all, "0")
	d.exponent += len(all) - len(d.digits) - len(after)
	if d.digits == "" {
		return digits{}
	}
	return d
}

// whole gives the number where it is whole and of 64 bits.
func (d digits) whole() (int64, bool) {
	if d.exponent < 0 || len(d.digits)+d.exponent > 19 {
		return 0, false
	}
	s := d.digits + strings.Repeat("0", d.exponent)
	if d.negative {
		s = "-" + s
	}
	if d.digits == "" {
		s = "0"
	}
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

// maxExact is up to where a double holds every whole number.
const maxExact = 1 << 53

// alike makes two numbers of one kind, where they are of different ones: doubles
// where both fit, else decimals. Nothing is lost.
func alike(a, b ref.Val) (ref.Val, ref.Val) {
	a, b = signed(a), signed(b)
	kindA, kindB := rankOf(a), rankOf(b)
	if kindA == kindB || kindA == 0 || kindB == 0 {
		return a, b
	}
	if kindA+kindB == 3 && fitsDouble(a) && fitsDouble(b) { // an int and a double
		return toDouble(a), toDouble(b)
	}
	return toDecimal(a), toDecimal(b)
}

// signed makes a uint, which only a literal can be, an int or a decimal.
func signed(v ref.Val) ref.Val {
	u, ok := v.(types.Uint)
	switch {
	case !ok:
		return v
	case u <= math.MaxInt64:
		return types.Int(u)
	}
	return decimal(strconv.FormatUint(uint64(u), 10))
}

func rankOf(v ref.Val) int {
	switch v.(type) {
	case types.Int:
		return 1
	case types.Double:
		return 2
	case decimal:
		return 4
	}
	return 0
}

func fitsDouble(v ref.Val) bool {
	i, ok := v.(types.Int)
	return !ok || i <= maxExact && i >= -maxExact
}

func toDouble(v ref.Val) ref.Val {
	if i, ok := v.(types.Int); ok {
		return types.Double(i)
	}
	return v
}

// toDecimal leaves infinities and what is not a number as they are.
func toDecimal(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.Int:
		return decimal(strconv.FormatInt(int64(v), 10))
	case types.Double:
		if f := float64(v); !math.IsInf(f, 0) && !math.IsNaN(f) {
			return decimal(strconv.FormatFloat(f, 'g', -1, 64))
		}
	}
	return v
}

// decimal is a number that neither an int nor a double can hold: its text. It can be
// compared with any number, exactly, and handed on; there is no arithmetic on it.
type decimal string

var decimalType = types.NewObjectType("decimal", traits.ComparerType)

func (d decimal) rat() *big.Rat {
	r, _ := new(big.Rat).SetString(string(d))
	return r
}

// ConvertToNative is for cel-go: nobody here asks for it.
func (d decimal) ConvertToNative(t reflect.Type) (any, error) {
	if t.Kind() == reflect.String {
		return string(d), nil
	}
	return nil, errors.New(manyDigits)
}

const manyDigits = "no such overload: the number has more digits than arithmetic takes"

// ConvertToType can make a string of it.
func (d decimal) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.StringType:
		return types.String(d)
	case types.TypeType:
		return decimalType
	}
	return types.NewErr(manyDigits)
}

// Equal compares by value. What an int or a double can hold is no decimal, so that it
// differs from this one.
func (d decimal) Equal(other ref.Val) ref.Val {
	o, ok := other.(decimal)
	return types.Bool(ok && (d == o || digitsOf(string(d)) == digitsOf(string(o))))
}

// Compare compares with any kind of number.
func (d decimal) Compare(other ref.Val) ref.Val {
	if f, ok := other.(types.Double); ok {
		switch {
		case math.IsNaN(float64(f)):
			return types.NewErr("no such overload: NaN")
		case math.IsInf(float64(f), 1):
			return types.IntNegOne
		case math.IsInf(float64(f), -1):
			return types.IntOne
		}
	}
	o, ok := toDecimal(signed(other)).(decimal)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Int(d.rat().Cmp(o.rat()))
}

func (d decimal) Type() ref.Type { return decimalType }

func (d decimal) Value() any { return json.Number(d) }
