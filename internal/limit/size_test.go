package limit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestTheLeastOfSeveralLimitsCounts(t *testing.T) { // P-17
	for name, c := range map[string]struct {
		server, tenant, key int
		value               float64
		scope               signalbox.LimitScope
	}{
		"none":        {0, 0, 0, 0, "server"},
		"server":      {100, 0, 0, 100, "server"},
		"tenant":      {100, 50, 0, 50, "tenant"},
		"key":         {100, 50, 20, 20, "key"},
		"only key":    {0, 0, 20, 20, "key"},
		"beyond":      {100, 1000, 500, 100, "server"},
		"key beyond":  {0, 30, 500, 30, "tenant"},
		"equal":       {10, 10, 10, 10, "server"},
		"equal below": {0, 10, 10, 10, "tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			of := func(n int) signalbox.Limits { return signalbox.Limits{PayloadBytes: n, Batch: n, Page: n} }
			l, _ := newLimiter(t, limit.Config{Server: of(c.server)})
			p := who(of(c.tenant), of(c.key))
			require.Equal(t, signalbox.LimitReached{Name: "payloadBytes", Value: c.value, Scope: c.scope}, l.PayloadBytes(p))
			if c.value == 0 {
				require.NoError(t, l.Enter(p, 1<<40))
				return
			}
			require.NoError(t, l.Enter(p, int(c.value)))
			e := signalbox.AsError(l.Enter(p, int(c.value)+1))
			require.Equal(t, signalbox.CodeInvalidInput, e.Code)
			require.Equal(t, &signalbox.LimitReached{Name: "batch", Value: c.value, Scope: c.scope}, e.Limit)
			require.Zero(t, e.RetryAfter, "waiting does not help")
		})
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	now, random := time.Now, noJitter
	for name, cfg := range map[string]limit.Config{
		"no clock":      {Random: random},
		"no randomness": {Now: now},
		"negative":      {Now: now, Random: random, Server: signalbox.Limits{Rate: -1}},
		"in flight":     {Now: now, Random: random, InFlight: -1},
	} {
		_, err := limit.New(cfg)
		require.Error(t, err, name)
	}
	_, err := limit.NewGauge(limit.GaugeConfig{Now: now, Random: random})
	require.Error(t, err)
}
