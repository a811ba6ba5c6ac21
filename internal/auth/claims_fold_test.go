package auth_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestClaimsOfAnotherCaseAreNoClaims: encoding/json, by which the library reads, takes
// AUD for aud. Where an issuer lets its users put claims of their own into tokens,
// those must not stand for the issuer's.
func TestClaimsOfAnotherCaseAreNoClaims(t *testing.T) {
	good := rsaSigner("r1", 0)
	issuer := newIDP(t, good)
	clock := newClock()
	now := clock.now()
	r := newRig(t, clock.now, issuer.config())
	for name, c := range map[string]struct {
		claims map[string]any
		added  string
	}{
		"audience":     {map[string]any{"aud": "other"}, `"AUD":"signalbox"`},
		"audience too": {nil, `"Aud":["signalbox"]`},
		"expiry":       {map[string]any{"exp": now.Add(-time.Hour).Unix()}, `"Exp":99999999999`},
		"no expiry":    {map[string]any{"exp": nil}, `"EXP":99999999999`},
		"subject":      {nil, `"Sub":"root"`},
		"a long s":     {nil, `"ſub":"root"`},
		"issuer":       {nil, `"isS":"` + issuer.issuer() + `"`},
		"not before":   {nil, `"NBF":1`},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(issuer.claims(now, c.claims))
			require.NoError(t, err)
			_, err = r.try(t, forgeRaw(t, good, strings.TrimSuffix(string(text), "}")+","+c.added+"}"))
			require.Equal(t, signalbox.CodeUnauthenticated, signalbox.ErrorCode(err), "%v", err)
		})
	}
}
