package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// keysRefresh is when the issuer's keys are asked for anew, while nobody waits: a
	// key that it has withdrawn counts for that long.
	keysRefresh = 5 * time.Minute
	// keysMax is until when keys count while the issuer does not answer.
	keysMax = time.Hour
	// namelessRefresh is keysRefresh for tokens that name no key, as nothing in them
	// tells that the keys have changed.
	namelessRefresh = 30 * time.Second
	// fetchGap is the least time between two fetches, whatever tokens come, and
	// maxFetchGap what it grows to while they fail.
	fetchGap    = time.Second
	maxFetchGap = 10 * time.Second
	// fetchTimeout bounds one request to the issuer.
	fetchTimeout = 5 * time.Second
)

// issuer knows the keys of the one issuer. It asks at the first token, again when a
// token names a key that it does not know, and every few minutes.
//
// go-oidc's RemoteKeySet asks at each bad signature, and keeps a key for as long as
// no unknown one is named; hence this one. Discovery and the checks of signatures
// are go-oidc's and go-jose's.
type issuer struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	flight singleflight.Group

	mu       sync.Mutex
	keys     []jose.JSONWebKey
	at       time.Time // when keys were asked for; zero: never with success
	next     time.Time // the earliest time of the next fetch
	err      error     // of the last fetch
	failures int       // in a row
}

// keysFor are the keys that a signature with that algorithm and key id ("" for none)
// could be by; none where the issuer has no such key. The error is UNAVAILABLE.
func (i *issuer) keysFor(ctx context.Context, algorithm jose.SignatureAlgorithm, kid string) ([]any, error) {
	i.mu.Lock()
	keys, age := i.keys, i.now().Sub(i.at)
	if i.at.IsZero() {
		age = keysMax
	}
	due := i.now().Compare(i.next) >= 0
	i.mu.Unlock()

	found := candidates(keys, algorithm, kid)
	refresh := keysRefresh
	if kid == "" {
		refresh = namelessRefresh
	}
	switch {
	case len(found) > 0 && age < refresh:
		return found, nil
	case len(found) > 0 && age < keysMax && kid != "":
		if due {
			i.fetch(ctx)
		}
		return found, nil
	}
	err := i.wait(ctx, i.fetch(ctx))
	i.mu.Lock()
	keys, at := i.keys, i.at
	i.mu.Unlock()
	if err != nil && (len(found) == 0 || at.IsZero() || i.now().Sub(at) >= keysMax) {
		return nil, err
	}
	return candidates(keys, algorithm, kid), nil
}

// fetch asks the issuer for its keys, once for all who want them now, and not at all
// where it has been asked within the last moment: then the last answer stands.
func (i *issuer) fetch(ctx context.Context) <-chan singleflight.Result {
	detached := context.WithoutCancel(ctx)
	return i.flight.DoChan("", func() (any, error) {
		i.mu.Lock()
		at := i.now()
		if at.Before(i.next) {
			defer i.mu.Unlock()
			return nil, i.err
		}
		i.next = at.Add(fetchGap)
		i.mu.Unlock()

		keys, err := i.ask(detached)
		i.mu.Lock()
		defer i.mu.Unlock()
		if err == nil {
			i.keys, i.at, i.err, i.failures = keys, at, nil, 0
			return nil, nil
		}
		i.err = err
		i.failures++
		gap := min(fetchGap<<min(i.failures-1, 4), maxFetchGap)
		i.next = i.now().Add(gap)
		i.log.WarnContext(detached, "the keys of the OIDC issuer cannot be had", "issuer", i.url, "failures", i.failures, "error", err)
		return nil, err
	})
}

func (i *issuer) wait(ctx context.Context, done <-chan singleflight.Result) error {
	var cause error
	select {
	case r := <-done:
		if r.Err == nil {
			return nil
		}
		cause = r.Err
	case <-ctx.Done():
		cause = ctx.Err()
	}
	return &signalbox.Error{
		Code: signalbox.CodeUnavailable, Err: cause,
		Message:    "the token cannot be checked now, because its issuer does not answer as it should: try again in a moment",
		RetryAfter: i.untilNext(),
	}
}

// untilNext is how long nothing new will be learned from the issuer.
func (i *issuer) untilNext() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return max(i.next.Sub(i.now()), retryAfter)
}

// ask goes through discovery each time, so that keys that have moved are found.
func (i *issuer) ask(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, i.client), i.url)
	if err != nil {
		return nil, shorten(fmt.Errorf("discovery: %w", err))
	}
	var document struct {
		JWKSURI string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil {
		return nil, shorten(fmt.Errorf("discovery: %w", err))
	}
	if err := i.checkKeysURL(document.JWKSURI); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, document.JWKSURI, nil)
	if err != nil {
		return nil, shorten(err)
	}
	resp, err := i.client.Do(req) // the operator's issuer names the address
	if err != nil {
		return nil, shorten(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the key set is answered with the status %d", resp.StatusCode)
	}
	return readKeys(json.NewDecoder(resp.Body))
}

// checkKeysURL holds the keys' address to what the issuer's own is held to.
func (i *issuer) checkKeysURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("discovery names no jwks_uri that is a URL")
	}
	if u.Scheme == "https" || u.Scheme == "http" && onLoopback(u) && strings.HasPrefix(i.url, "http:") {
		return nil
	}
	return errors.New("discovery names a jwks_uri that is not https")
}
