package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph/model"
)

// TestTimesCanBeWrittenAgain: what is read is a time that RFC 3339 has in UTC too. Of
// others JSON can be made by nobody: a key that expired in the year 10000 was a panic.
func TestTimesCanBeWrittenAgain(t *testing.T) {
	for _, text := range []string{"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59+14:00"} {
		at, err := model.UnmarshalTime(text)
		require.NoError(t, err, text)
		_, err = at.MarshalJSON()
		require.NoError(t, err, text)
	}
	for _, text := range []string{"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59-23:00", "0000-01-01T00:00:00+23:00", "10000-01-01T00:00:00Z", ""} {
		_, err := model.UnmarshalTime(text)
		require.Error(t, err, text)
	}
}
