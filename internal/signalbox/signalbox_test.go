package signalbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestIDs(t *testing.T) {
	for range 100 {
		u := uuid.Must(uuid.NewV7())
		id, err := signalbox.ParseID(strings.ToUpper(u.String()))
		require.NoError(t, err)
		require.Equal(t, u.String(), id.String())
		seconds, nanos := u.Time().UnixTime()
		require.WithinDuration(t, time.Unix(seconds, nanos), id.Time(), time.Millisecond)

		d := signalbox.DispatchID(id, "rule")
		require.Equal(t, uuid.Version(7), uuid.UUID(d).Version())
		require.Equal(t, uuid.RFC4122, uuid.UUID(d).Variant())
		require.Equal(t, id.Time(), d.Time())
		require.NotEqual(t, d, signalbox.DispatchID(id, "rule2"))
		require.LessOrEqual(t, signalbox.FirstID(id.Time()).String(), d.String())
		require.Greater(t, signalbox.FirstID(id.Time().Add(time.Millisecond)).String(), d.String())
	}
	for _, bad := range []string{"", "x", "01890a5dac96774bbcceb302099a8057", "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5d-ac96-774b-bcce-b302099a80577"} {
		_, err := signalbox.ParseID(bad)
		require.ErrorContains(t, err, "36 characters", bad)
	}
	require.True(t, signalbox.FirstID(time.Time{}).IsZero())
}

func TestOutcomeOf(t *testing.T) {
	dispatches := func(statuses ...signalbox.DispatchStatus) (all []signalbox.Dispatch) {
		for _, s := range statuses {
			all = append(all, signalbox.Dispatch{Status: s})
		}
		return all
	}
	const p, s, r, f = signalbox.StatusPending, signalbox.StatusStarted, signalbox.StatusReused, signalbox.StatusFailed
	for _, c := range []struct {
		decisions  []signalbox.Decision
		dispatches []signalbox.Dispatch
		want       signalbox.Outcome
	}{
		{nil, nil, signalbox.OutcomeNoRule},
		{[]signalbox.Decision{{Verdict: signalbox.VerdictDisabled}}, nil, signalbox.OutcomeNoRule},
		{[]signalbox.Decision{{Verdict: signalbox.VerdictFiltered}}, nil, signalbox.OutcomeFiltered},
		{[]signalbox.Decision{{Verdict: signalbox.VerdictError}}, nil, signalbox.OutcomeFiltered},
		{nil, dispatches(s), signalbox.OutcomeStarted},
		{nil, dispatches(s, r), signalbox.OutcomeStarted},
		{nil, dispatches(s, p), signalbox.OutcomePending},
		{nil, dispatches(p, f), signalbox.OutcomePartial},
		{nil, dispatches(s, f), signalbox.OutcomePartial},
		{nil, dispatches(f, f), signalbox.OutcomeFailed},
	} {
		require.Equal(t, c.want, signalbox.OutcomeOf(c.decisions, c.dispatches))
	}
}

func TestAnUnforeseenErrorShowsNothing(t *testing.T) {
	e := signalbox.AsError(errors.New("password=hunter2"))
	require.Equal(t, signalbox.CodeInternal, e.Code)
	require.NotContains(t, e.Message, "hunter2")
	require.ErrorContains(t, e.Unwrap(), "hunter2")
	require.Empty(t, signalbox.ErrorCode(nil))
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(errors.Join(errors.New("x"), signalbox.Errorf(signalbox.CodeNotFound, "y"))))
}

func TestCheckName(t *testing.T) { // P-02, P-21
	for name, fault := range map[string]string{
		"a": "", "größe": "", "low stock": "", strings.Repeat("ü", 128): "",
		"": "blank", " \t": "blank", " a": "white space", "a\n": "white space", "a\x00b": "control", "a\xff": "UTF-8", strings.Repeat("x", 129): "128",
	} {
		err := signalbox.CheckName(name)
		if fault == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, fault)
		}
	}
}
