package payload

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fewKeys is up to how many keys comparing each with each is the faster way.
const fewKeys = 16

// keySet notices a key that comes twice. Few are compared one by one, on the
// stack; many go into a map.
type keySet struct {
	few  [fewKeys][]byte
	n    int
	many map[string]struct{}
}

// add is false where the key is there already.
func (s *keySet) add(key []byte) bool {
	if s.many != nil {
		if _, there := s.many[string(key)]; there {
			return false
		}
		s.many[string(key)] = struct{}{}
		return true
	}
	for _, k := range s.few[:s.n] {
		if bytes.Equal(k, key) {
			return false
		}
	}
	if s.n < fewKeys {
		s.few[s.n] = key
		s.n++
		return true
	}
	s.many = make(map[string]struct{}, 4*fewKeys)
	for _, k := range s.few {
		s.many[string(k)] = struct{}{}
	}
	s.many[string(key)] = struct{}{}
	return true
}

const (
	// maxSegment and maxSegments bound a pointer, and so an error's message.
	maxSegment  = 64
	maxSegments = 32
)

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes a path as a JSON pointer. Long keys are cut, unprintable
// characters replaced, and of very many segments the outer ones are kept.
func pointer(path []segment) string {
	var b strings.Builder
	for i, s := range path {
		b.WriteByte('/')
		switch {
		case i == maxSegments:
			b.WriteString("…")
			return b.String()
		case s.key == nil:
			b.WriteString(strconv.Itoa(s.index))
		default:
			b.WriteString(escapePointer.Replace(printable(s.key)))
		}
	}
	return b.String()
}

func printable(key []byte) string {
	cut := key
	if len(cut) > maxSegment {
		n := maxSegment
		for n > 0 && !utf8.RuneStart(cut[n]) {
			n--
		}
		cut = cut[:n]
	}
	s := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, string(cut))
	if len(cut) < len(key) {
		s += "…"
	}
	return s
}
