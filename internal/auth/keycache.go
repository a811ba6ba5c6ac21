package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// How long what the store said of a key counts. All ages are from when the question
// was asked, so that a slow answer is an old one. A key that was revoked lets in
// until maxAge at the latest, on every replica; the promise is 10 s.
const (
	// refreshAge is when a key in use is asked for anew, while nobody waits.
	refreshAge = 2 * time.Second
	// freshAge is until when a key is used without an answer of the store.
	freshAge = 3 * time.Second
	// maxAge is until when a key is used that the store gives no answer about.
	maxAge = 8 * time.Second
	// unknownAge is for how long an id without a key is not asked for.
	unknownAge = 3 * time.Second

	lookupTimeout = 2 * time.Second
	// staleWait bounds how long a request waits for an answer about a key that may be
	// used without one.
	staleWait = 300 * time.Millisecond
	// retryGap keeps a store that is away from being asked at each request.
	retryGap = 500 * time.Millisecond

	// maxColdLookups is how many ids that are not remembered may be asked for at once,
	// which is half of the connections that a server has by default, and coldWait how
	// long one waits for its turn.
	maxColdLookups = 8
	coldWait       = 250 * time.Millisecond

	cachedKeys    = 10_000
	cachedUnknown = 10_000
	// complainEvery bounds how often the log tells that the store is away.
	complainEvery = 5 * time.Second
)

// entry is what is remembered of one key. The key is never changed.
type entry struct {
	key   signalbox.APIKey
	actor string
	at    time.Time // when it was asked for
	// nextTry is when to ask again at the earliest, and used the last use that was
	// noted, both as Unix times: in nanoseconds, and in seconds.
	nextTry, used atomic.Int64
}

func newEntry(k signalbox.APIKey, at time.Time) *entry {
	e := &entry{key: k, at: at, actor: "key " + k.ID.String()}
	if k.Name != "" {
		e.actor += " (" + k.Name + ")"
	}
	return e
}

// firstUse tells whether it is the first use within this second.
func (e *entry) firstUse(now time.Time) bool {
	second := now.Unix()
	last := e.used.Load()
	return last < second && e.used.CompareAndSwap(last, second)
}

// turn tells whether the caller is the one to ask anew, which one in a retryGap is.
func (e *entry) turn(now time.Time) bool {
	next := e.nextTry.Load()
	return now.UnixNano() >= next && e.nextTry.CompareAndSwap(next, now.Add(retryGap).UnixNano())
}

// keyCache remembers keys for a few seconds, and that ids have none. Only ids that
// have a key are among the known ones, so that guesses push none out.
type keyCache struct {
	store     KeyStore
	now       func() time.Time
	log       *slog.Logger
	flight    singleflight.Group
	cold      *semaphore.Weighted
	complaint atomic.Int64 // when the log was last told, Unix nanoseconds

	known   *lru.Cache[signalbox.ID, *entry]
	unknown *lru.Cache[signalbox.ID, time.Time]

	// forgotten has when keys were forgotten. What was asked for before is not kept.
	mu        sync.Mutex
	forgotten *lru.Cache[signalbox.ID, time.Time]
}

func newKeyCache(store KeyStore, now func() time.Time, log *slog.Logger) (*keyCache, error) {
	known, err := lru.New[signalbox.ID, *entry](cachedKeys)
	if err != nil {
		return nil, err
	}
	unknown, err := lru.New[signalbox.ID, time.Time](cachedUnknown)
	if err != nil {
		return nil, err
	}
	forgotten, err := lru.New[signalbox.ID, time.Time](cachedKeys)
	if err != nil {
		return nil, err
	}
	return &keyCache{
		store: store, now: now, log: log, cold: semaphore.NewWeighted(maxColdLookups),
		known: known, unknown: unknown, forgotten: forgotten,
	}, nil
}

// get is the key with that id, nil where there is none, or an error that says when to
// try again.
func (c *keyCache) get(ctx context.Context, id signalbox.ID) (*entry, error) {
	e, ok := c.known.Get(id)
	if !ok {
		if at, ok := c.unknown.Get(id); ok && c.now().Sub(at) < unknownAge {
			return nil, nil // There is no such key, and that is an answer.
		}
		return c.wait(ctx, c.load(ctx, id, true))
	}
	now := c.now()
	switch age := now.Sub(e.at); {
	case age < refreshAge:
		return e, nil
	case age < freshAge:
		if e.turn(now) {
			c.load(ctx, id, false)
		}
		return e, nil
	case age < maxAge:
		if !e.turn(now) {
			// Somebody has asked within the last moment, and has no answer yet.
			return e, nil
		}
		return c.waitStale(ctx, e, c.load(ctx, id, false))
	default:
		return c.wait(ctx, c.load(ctx, id, false))
	}
}

// load asks the store for a key, for all who want it now. The question outlives the
// request that asks first.
func (c *keyCache) load(ctx context.Context, id signalbox.ID, cold bool) <-chan singleflight.Result {
	detached := context.WithoutCancel(ctx)
	return c.flight.DoChan(string(id[:]), func() (any, error) {
		if cold {
			turn, cancel := context.WithTimeout(detached, coldWait)
			err := c.cold.Acquire(turn, 1)
			cancel()
			if err != nil {
				return nil, errTooManyUnknown()
			}
			defer c.cold.Release(1)
		}
		return c.ask(detached, id)
	})
}

func (c *keyCache) ask(ctx context.Context, id signalbox.ID) (*entry, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	at := c.now()
	k, err := c.store.KeyByID(ctx, id)
	unknown := signalbox.ErrorCode(err) == signalbox.CodeNotFound
	if err != nil && !unknown {
		c.complain(ctx, err)
		return nil, errKeysAway(err)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	forgotten, ok := c.forgotten.Peek(id)
	keep := !ok || forgotten.Before(at)
	if unknown {
		c.known.Remove(id)
		if keep {
			c.unknown.Add(id, at)
		}
		return nil, nil // There is no such key, and that is an answer.
	}
	e := newEntry(k, at)
	if keep {
		c.known.Add(id, e)
		c.unknown.Remove(id)
	}
	return e, nil
}

// complain logs that the store is away: the answers that say so may be few, as keys
// are used for a while without one.
func (c *keyCache) complain(ctx context.Context, err error) {
	now := c.now().UnixNano()
	last := c.complaint.Load()
	if now-last >= int64(complainEvery) && c.complaint.CompareAndSwap(last, now) {
		c.log.WarnContext(ctx, "API keys cannot be looked up", "error", err)
	}
}

func (c *keyCache) wait(ctx context.Context, answer <-chan singleflight.Result) (*entry, error) {
	select {
	case r := <-answer:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*entry), nil // load puts nothing else in.
	case <-ctx.Done():
		return nil, errKeysAway(ctx.Err())
	}
}

// waitStale waits less, and falls back on what is remembered.
func (c *keyCache) waitStale(ctx context.Context, e *entry, answer <-chan singleflight.Result) (*entry, error) {
	patience, cancel := context.WithTimeout(ctx, staleWait)
	defer cancel()
	fresh, err := c.wait(patience, answer)
	if err != nil && c.now().Sub(e.at) < maxAge {
		return e, nil
	}
	return fresh, err
}

func (c *keyCache) forget(id signalbox.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten.Add(id, c.now())
	c.known.Remove(id)
	c.unknown.Remove(id)
	c.flight.Forget(string(id[:]))
}
