package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// The operations of the load, and the rules on each: one start, a fan-out to two,
// and none.
var rulesOf = map[string][]string{
	"placed":   {"pack"},
	"returned": {"refund", "restock"},
	"viewed":   nil,
}

// load is what clients send. They do as the contract tells them: after an error,
// or no answer, the same key and body again, until there is an answer.
type load struct {
	name    string   // begins every idempotency key
	key     string   // the API key
	urls    []string // of the servers; a client that got an error turns to the next
	clients int
	sends   int           // of each client; 0 goes on until stop
	pause   time.Duration // between two sends of a client
	seed    uint64
	// timeout bounds one request; patience bounds a send with all its retries.
	timeout, patience time.Duration

	began      time.Time
	stopping   chan struct{}
	stopOnce   sync.Once
	wg         sync.WaitGroup
	keys       atomic.Int64
	unanswered atomic.Int64 // sends that ran out of patience

	mu       sync.Mutex
	entries  []entry
	answered []send
}

// entry is one request in the clients' log.
type entry struct {
	Answer
	Outcome string
	At      time.Duration // since the load began
	Took    time.Duration
}

// send is what one send states.
type send struct {
	key, operation, body string
	accepted             bool // waitFor: ACCEPTED
	impatient            bool // does not retry: its error may stand for either
}

func (l *load) start(ctx context.Context) {
	if l.timeout == 0 {
		l.timeout = 15 * time.Second
	}
	if l.patience == 0 {
		l.patience = time.Minute
	}
	l.began, l.stopping = time.Now(), make(chan struct{})
	for i := range l.clients {
		l.wg.Go(func() { l.client(ctx, uint64(i)) })
	}
}

// stop lets every client finish the send that it is at, retries and all.
func (l *load) stop() {
	l.stopOnce.Do(func() { close(l.stopping) })
	l.wg.Wait()
}

// done is closed once every client has made its sends.
func (l *load) done() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		l.wg.Wait()
		close(done)
	}()
	return done
}

func (l *load) client(ctx context.Context, number uint64) {
	rng := rand.New(rand.NewPCG(l.seed, number))
	door := newDoor(l.urls, l.key, number, l.timeout)
	defer door.close()
	for n := 0; l.sends == 0 || n < l.sends; n++ {
		select {
		case <-l.stopping:
			return
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(float64(l.pause) * (0.5 + rng.Float64()))):
		}
		l.one(ctx, door, rng)
	}
}

// one makes one of the kinds of sends.
func (l *load) one(ctx context.Context, door *door, rng *rand.Rand) {
	earlier, there := l.earlier(rng)
	switch roll := rng.IntN(100); {
	case there && roll < 10: // a key that was answered, with its body
		l.send(ctx, door, earlier, rng)
	case there && roll < 20: // with another body
		earlier.body, earlier.impatient = body(earlier.key, rng, "another"), false
		l.send(ctx, door, earlier, rng)
	case roll < 30: // twice at the same time
		s := l.newSend(rng)
		twin := rand.New(rand.NewPCG(rng.Uint64(), 0))
		var wg sync.WaitGroup
		wg.Go(func() { l.send(ctx, door, s, twin) })
		l.send(ctx, door, s, rng)
		wg.Wait()
	default:
		l.send(ctx, door, l.newSend(rng), rng)
	}
}

func (l *load) newSend(rng *rand.Rand) send {
	key := fmt.Sprintf("%s-%06d", l.name, l.keys.Add(1))
	operation := "placed"
	switch roll := rng.IntN(100); {
	case roll < 30:
		operation = "returned"
	case roll < 45:
		operation = "viewed"
	}
	return send{
		key: key, operation: operation, body: body(key, rng, "first"),
		accepted: rng.IntN(4) == 0, impatient: rng.IntN(10) == 0,
	}
}

// body is payload.data: text that a decoder would not give back as it was.
func body(key string, rng *rand.Rand, which string) string {
	return fmt.Sprintf(`{ "key":%q, "which" : %q,"n":%d.10,"big":90071992547409931234%d, "text":"caf\u00e9 \ud83d\ude00 é","empty":{} }`,
		key, which, rng.IntN(1000), rng.IntN(10))
}

// earlier picks a send that was answered.
func (l *load) earlier(rng *rand.Rand) (send, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.answered) == 0 {
		return send{}, false
	}
	s := l.answered[rng.IntN(len(l.answered))]
	s.accepted = rng.IntN(4) == 0
	return s, true
}

// send repeats until there is an answer that does not ask for it.
func (l *load) send(ctx context.Context, door *door, s send, rng *rand.Rand) {
	deadline := time.Now().Add(l.patience)
	for try := 0; ; try++ {
		at := time.Since(l.began)
		e := door.post(ctx, s, try)
		e.At = at
		l.mu.Lock()
		l.entries = append(l.entries, e)
		if e.Code == "" && s.body == e.Body {
			l.answered = append(l.answered, s)
		}
		l.mu.Unlock()
		retryable := e.Code == Transport || e.Code == codeUnavailable || e.Code == codeOverloaded
		if !retryable || s.impatient {
			return
		}
		select {
		case <-ctx.Done():
			l.unanswered.Add(1)
			return
		case <-time.After(50*time.Millisecond + time.Duration(rng.IntN(100))*time.Millisecond):
		}
		if time.Now().After(deadline) {
			l.unanswered.Add(1)
			return
		}
	}
}

// log is what has been sent and answered so far.
func (l *load) log() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]entry(nil), l.entries...)
}

func (l *load) answers() []Answer {
	var all []Answer
	for _, e := range l.log() {
		all = append(all, e.Answer)
	}
	return all
}

// acknowledged counts answers without an error so far.
func (l *load) acknowledged() int {
	n := 0
	for _, e := range l.log() {
		if e.Code == "" {
			n++
		}
	}
	return n
}
