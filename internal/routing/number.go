package routing

import (
	"encoding/json"
	"errors"
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

// number is an int where the text is a whole number of 64 bits, a double where the
// double nearest to it is the number that the text says to anyone who writes
// doubles in their shortest form, and else a decimal.
func number(text json.Number) ref.Val {
	s := string(text)
	whole := !strings.ContainsAny(s, ".eE")
	if whole {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return types.Int(i)
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && (!whole && len(s) <= 15 || shortest(f, s)) {
		return types.Double(f)
	}
	return decimal(s)
}

// shortest tells whether f in its shortest form is the number that s says. Up to 15
// significant digits always are.
func shortest(f float64, s string) bool {
	a, okA := new(big.Rat).SetString(s)
	b, okB := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return okA && okB && a.Cmp(b) == 0
}

// alike makes an int beside a double a double, and either beside a decimal a
// decimal, as far as nothing is lost.
func alike(a, b ref.Val) (ref.Val, ref.Val) {
	switch a := a.(type) {
	case types.Int:
		switch b.(type) {
		case types.Double:
			return types.Double(a), b
		case decimal:
			return decimal(strconv.FormatInt(int64(a), 10)), b
		}
	case types.Double:
		switch b := b.(type) {
		case types.Int:
			return a, types.Double(b)
		case decimal:
			return decimal(strconv.FormatFloat(float64(a), 'g', -1, 64)), b
		}
	}
	return a, b
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

// Equal compares by value.
func (d decimal) Equal(other ref.Val) ref.Val {
	c, ok := d.Compare(other).(types.Int)
	return types.Bool(ok && c == 0)
}

// Compare compares with any kind of number.
func (d decimal) Compare(other ref.Val) ref.Val {
	var r *big.Rat
	switch o := other.(type) {
	case decimal:
		r = o.rat()
	case types.Int:
		r = new(big.Rat).SetInt64(int64(o))
	case types.Uint:
		r = new(big.Rat).SetFrac(new(big.Int).SetUint64(uint64(o)), big.NewInt(1))
	case types.Double:
		r, _ = new(big.Rat).SetString(strconv.FormatFloat(float64(o), 'g', -1, 64))
	}
	if r == nil {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Int(d.rat().Cmp(r))
}

func (d decimal) Type() ref.Type { return decimalType }

func (d decimal) Value() any { return json.Number(d) }
