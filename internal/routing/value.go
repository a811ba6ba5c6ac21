package routing

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/signalbox/signalbox/internal/payload"
)

// appendJSON appends a decoded value as JSON: numbers with the digits they came
// with, members by name.
func appendJSON(dst []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, value), nil
	case json.Number:
		return append(dst, value...), nil
	case string:
		return payload.AppendString(dst, value), nil
	case time.Time:
		return payload.AppendString(dst, value.UTC().Format(time.RFC3339Nano)), nil
	case int64:
		return strconv.AppendInt(dst, value, 10), nil
	case []any:
		dst = append(dst, '[')
		var err error
		for i, element := range value {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, element); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		dst = append(dst, '{')
		var err error
		for i, name := range slices.Sorted(maps.Keys(value)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(payload.AppendString(dst, name), ':')
			if dst, err = appendJSON(dst, value[name]); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	case ref.Val:
		return appendCELJSON(dst, value)
	}
	return nil, fmt.Errorf("a %T is no JSON value", value)
}

// maxJSON bounds what an expression can make, in bytes.
const maxJSON = 256 << 10

// appendCELJSON appends the value of an expression as JSON. Times are RFC 3339,
// durations seconds with an s as in CEL's own JSON mapping, bytes base64.
func appendCELJSON(dst []byte, v ref.Val) ([]byte, error) {
	if len(dst) > maxJSON {
		return nil, fmt.Errorf("comes to more than %d bytes", maxJSON)
	}
	switch v := v.(type) {
	case types.Null:
		return append(dst, "null"...), nil
	case types.Bool:
		return strconv.AppendBool(dst, bool(v)), nil
	case types.Int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case types.Uint:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case decimal:
		return append(dst, v...), nil
	case types.Double:
		f := float64(v)
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, errors.New("is infinite or not a number, which JSON does not have")
		}
		text, err := json.Marshal(f)
		return append(dst, text...), err
	case types.String:
		return payload.AppendString(dst, string(v)), nil
	case types.Bytes:
		return payload.AppendString(dst, base64.StdEncoding.EncodeToString(v)), nil
	case types.Timestamp:
		return payload.AppendString(dst, v.UTC().Format(time.RFC3339Nano)), nil
	case types.Duration:
		return payload.AppendString(dst, strconv.FormatFloat(v.Seconds(), 'f', -1, 64)+"s"), nil
	case traits.Mapper:
		if native, ok := v.Value().(map[string]any); ok {
			return appendJSON(dst, native)
		}
		return appendCELMap(dst, v)
	case traits.Lister:
		if native, ok := v.Value().([]any); ok {
			return appendJSON(dst, native)
		}
		dst = append(dst, '[')
		var err error
		for it, first := v.Iterator(), true; it.HasNext() == types.True; first = false {
			if !first {
				dst = append(dst, ',')
			}
			if dst, err = appendCELJSON(dst, it.Next()); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	return nil, fmt.Errorf("is %s, which JSON does not have", kindOfValue(v))
}

func appendCELMap(dst []byte, m traits.Mapper) ([]byte, error) {
	members := make(map[string]ref.Val)
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return nil, errors.New("has a member whose name is not a string")
		}
		members[string(name)] = m.Get(key)
	}
	dst = append(dst, '{')
	var err error
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(payload.AppendString(dst, name), ':')
		if dst, err = appendCELJSON(dst, members[name]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// kindOfValue names the kind of an expression's value, with its article.
func kindOfValue(v ref.Val) string {
	switch v.(type) {
	case types.Null:
		return "null"
	case types.Bool:
		return "a boolean"
	case types.Int, types.Uint, types.Double, decimal:
		return "a number"
	case types.String:
		return "a string"
	case types.Timestamp:
		return "a time"
	case types.Duration:
		return "a duration"
	case traits.Lister:
		return "an array"
	case traits.Mapper:
		return "an object"
	}
	return "a " + v.Type().TypeName()
}

// kindOf names the kind of a decoded value, with its article.
func kindOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		if _, long := number(value).(decimal); long {
			return "a number of too many digits for anything but comparing"
		}
		return "a number"
	case int64:
		return "a number"
	case string:
		return "a string"
	case time.Time:
		return "a time"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return "a value"
}
