package model

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// MarshalDuration writes ISO 8601 in days of 24 hours, hours, minutes and seconds,
// of which no one can mistake the length: P1DT1H30M, PT0.5S.
func MarshalDuration(d time.Duration) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, `"`+durationText(d)+`"`) })
}

func durationText(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}
	var b strings.Builder
	b.WriteByte('P')
	unit := func(length time.Duration, name byte) {
		if n := d / length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(name)
			d %= length
		}
	}
	unit(24*time.Hour, 'D')
	if d == 0 {
		return b.String()
	}
	b.WriteByte('T')
	unit(time.Hour, 'H')
	unit(time.Minute, 'M')
	if d > 0 {
		seconds := fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second)
		b.WriteString(strings.TrimSuffix(strings.TrimRight(seconds, "0"), ".") + "S")
	}
	return b.String()
}

// A duration's parts, in their order; only seconds have a fraction.
var (
	durationParts = regexp.MustCompile(`^P(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.([0-9]{1,9}))?S)?)?$`)
	durationUnits = []int64{7 * 86400, 86400, 3600, 60, 1} // in seconds
)

// maxDuration is what a time.Duration holds, in seconds: some 292 years.
const maxDuration = 292 * 365 * 86400

// UnmarshalDuration reads ISO 8601: P7D, PT1H30M, PT0.5S. Years and months are
// refused, since they are of no one length, and P1M is often meant to be a minute
//
func UnmarshalDuration(v any) (time.Duration, error) {
	s, _ := v.(string)
	parts := durationParts.FindStringSubmatch(s)
	if parts == nil || s == "P" || strings.HasSuffix(s, "T") {
		if date, _, _ := strings.Cut(s, "T"); strings.HasPrefix(date, "P") && strings.ContainsAny(date, "YM") {
			return 0, signalbox.Errorf(signalbox.CodeInvalidInput, "a duration has no years or months, whose length varies: a month may be P30D, and a minute is PT1M")
		}
		return 0, signalbox.Errorf(signalbox.CodeInvalidInput, "a duration is written as ISO 8601 has it, e.g. PT1H30M")
	}
	var seconds int64
	for i, unit := range durationUnits {
		n, _ := strconv.ParseInt(parts[i+1], 10, 64) // digits, or nothing for 0
		seconds += n * unit
	}
	if seconds > maxDuration {
		return 0, signalbox.Errorf(signalbox.CodeInvalidInput, "a duration is at most 292 years")
	}
	nanos, _ := strconv.ParseInt((parts[6] + "000000000")[:9], 10, 64)
	return time.Duration(seconds)*time.Second + time.Duration(nanos), nil
}
