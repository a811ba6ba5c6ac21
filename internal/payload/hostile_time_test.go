package payload_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/payload"
)

const deadline = 50 * time.Millisecond

func TestRefusalIsQuickHoweverLargeTheText(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector's own time would be measured")
	}
	fill := func(s string) string { return strings.Repeat(s, hostileBytes/len(s)) }
	object := `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0,"r":0},`
	cases := map[string][]byte{
		"arrays never closed":           []byte(fill("[")),
		"objects never closed":          []byte(fill(`{"a":`)),
		"arrays closed wrongly":         []byte(fill("[")[:hostileBytes/2] + fill("]")[:hostileBytes/2-1] + "}"),
		"digits":                        []byte(fill("9") + "x"),
		"fraction":                      []byte("0." + fill("0") + "x"),
		"exponent":                      []byte("1e" + fill("9")),
		"exponent of noughts":           []byte("1e" + fill("0") + "99999999999"),
		"many keys":                     manyKeys(hostileBytes, `,"%d":0`),
		"many escaped keys":             manyKeys(hostileBytes, `,"\u0061%d":0`),
		"sixteen keys of half a MiB":    longKeys(16),
		"seventeen keys of half a MiB":  longKeys(17),
		"one long key twice":            []byte(`{"` + fill("k")[:hostileBytes/2] + `":0,"` + fill("k")[:hostileBytes/2] + `":0}`),
		"objects of eighteen keys":      []byte("[" + fill(object) + "}"),
		"objects of eighteen in others": []byte(fill(strings.TrimSuffix(object, "},") + `,"z":`)),
		"large object, then many small": append(append([]byte(`[`), bytes.Replace(manyKeys(hostileBytes/2, `,"%d":0`), []byte(`,"first":0}`), []byte(`}`), 1)...), []byte(","+fill(object)[:hostileBytes/2])...),
		"string never closed":           []byte(`"` + fill("s")),
		"escapes":                       []byte(`"` + fill(`\n`)),
		"surrogate pairs":               []byte(`"` + fill(`\ud83d\ude00`)),
		"escaped key never closed":      []byte(`{"` + fill(`\u0061`)),
		"two-byte characters":           []byte(`"` + fill("é")),
		"four-byte characters":          []byte(`"` + fill("😀")),
		"white space":                   []byte(fill(" \n\t\r")),
		"white space after":             []byte("1" + fill(" ") + "1"),
		"elements":                      []byte("[" + fill("1,")),
	}
	usual := []byte("[" + fill(string(sample)+",") + "0]")
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			var took, allowed time.Duration
			for try := 0; try == 0 || try < 4 && took >= allowed; try++ {
				allowed = deadline
				took = median(t, func() { require.Error(t, payload.Check(raw, raised)) })
				if took >= deadline {
					// Is it the machine, which others use too? What encoding/json takes to
					// scan as much usual JSON tells: some 30 ms where nobody else is.
					allowed = max(deadline, 2*median(t, func() { require.True(t, json.Valid(usual)) }))
				}
			}
			require.Less(t, took, allowed)
		})
	}
}

// median is the processor time in the middle of five: one reading alone can be too
// low as well as too high.
func median(t *testing.T, f func()) time.Duration {
	t.Helper()
	var all [5]time.Duration
	for i := range all {
		all[i] = cputest.Of(t, f)
	}
	slices.Sort(all[:])
	return all[len(all)/2]
}

func longKeys(n int) []byte {
	key := strings.Repeat("k", hostileBytes/n)
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"%s%c":0,`, key, 'a'+i)
	}
	b.WriteByte('x')
	return b.Bytes()
}
