package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestDurations(t *testing.T) {
	for text, c := range map[string]struct {
		want    time.Duration
		written string // where it is not text
	}{
		"PT1H30M":            {90 * time.Minute, ""},
		"PT90M":              {90 * time.Minute, "PT1H30M"},
		"P7D":                {7 * 24 * time.Hour, ""},
		"P1W":                {7 * 24 * time.Hour, "P7D"},
		"P1W1DT1S":           {8*24*time.Hour + time.Second, "P8DT1S"},
		"P1DT1H1M1.5S":       {25*time.Hour + time.Minute + 1500*time.Millisecond, ""},
		"PT0.5S":             {500 * time.Millisecond, ""},
		"PT0.000000001S":     {1, ""},
		"PT1.050S":           {1050 * time.Millisecond, "PT1.05S"},
		"PT0S":               {0, ""},
		"P0D":                {0, "PT0S"},
		"P106580DT0.000001S": {106580*24*time.Hour + time.Microsecond, ""},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := model.UnmarshalDuration(text)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			if c.written == "" {
				c.written = text
			}
			var b strings.Builder
			model.MarshalDuration(got).MarshalGQL(&b)
			require.Equal(t, `"`+c.written+`"`, b.String())
		})
	}
}

func TestDurationsThatAreNone(t *testing.T) {
	for text, message := range map[string]string{
		"": "PT1H30M", "P": "PT1H30M", "PT": "PT1H30M", "P1DT": "PT1H30M", "60": "PT1H30M", "1h": "PT1H30M", "PT1H1H": "PT1H30M",
		"PT1M1H": "PT1H30M", "-PT1S": "PT1H30M", "PT-1S": "PT1H30M", "PT1.5H": "PT1H30M", "pt1s": "PT1H30M", "PT1S\n": "PT1H30M", "PT1,5S": "PT1H30M",
		"P1M": "a minute is PT1M", "P1Y": "a minute is PT1M", "P1Y2M3DT4H": "a minute is PT1M",
		"P999999999D": "292 years", "P999999999WT999999999H999999999M999999999.999999999S": "292 years", "PT9999999999S": "PT1H30M",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := model.UnmarshalDuration(text)
			require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
			require.ErrorContains(t, err, message)
		})
	}
	_, err := model.UnmarshalDuration(60)
	require.Error(t, err)
}
