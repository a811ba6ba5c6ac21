package ingest

import (
	"math"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// longestHint bounds what a sender is told to wait.
const longestHint = 24 * time.Hour

// behind is a refusal by rate of an event before which others of its batch have been
// refused: they take the tokens that come first. So who sends each event again when
// its hint says finds a token for each.
func behind(err error, others int) error {
	e := *signalbox.AsError(err)
	if e.Limit != nil && e.Limit.Value > 0 {
		ms := math.Ceil(float64(others) / e.Limit.Value * 1000)
		more := time.Duration(math.Min(ms, float64(longestHint.Milliseconds()))) * time.Millisecond
		e.RetryAfter = min(e.RetryAfter+more, longestHint)
	}
	return &e
}
