package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// span is a time that people give in days, too: 90d, or what time.ParseDuration takes.
type span time.Duration

const (
	day     = 24 * time.Hour
	maxDays = 36_500
)

// UnmarshalText is called by kong.
func (s *span) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err == nil && n > -maxDays && n < maxDays {
			*s = span(n * float64(day))
			return nil
		}
	} else if d, err := time.ParseDuration(string(text)); err == nil {
		*s = span(d)
		return nil
	}
	return fmt.Errorf("%q is no length of time: write 90d, 12h or 30m", text)
}
