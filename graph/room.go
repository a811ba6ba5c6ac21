package graph

import (
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// small is up to which size one is not counted: there is a bound on connections.
	small     = 64 << 10
	roomRetry = time.Second
)

// room is the memory for what is large, be it a body on its way in or an answer on
// its way out: who has ten thousand connections, and is slow on each of them, would
// otherwise have us keep eighty gigabytes. A tenant may take as much as is left over
// (see limit.Fair), so that there is always some for another.
type room struct {
	total int

	mu   sync.Mutex
	used int
	held map[signalbox.ID]int
}

func newRoom(total int) *room { return &room{total: total, held: make(map[signalbox.ID]int)} }

// take is nil where there is room, and then give has to follow; or OVERLOADED.
func (r *room) take(tenant signalbox.ID, bytes int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[tenant]+bytes > r.total-r.used {
		return &signalbox.Error{
			Code: signalbox.CodeOverloaded, RetryAfter: roomRetry,
			Message: "too many large requests and answers are under way at once; try again later",
			Limit:   &signalbox.LimitReached{Name: "heldBytes", Value: float64(r.total), Scope: signalbox.ScopeServer},
		}
	}
	r.add(tenant, bytes)
	return nil
}

// force takes it whether or not there is room.
func (r *room) force(tenant signalbox.ID, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(tenant, bytes)
}

func (r *room) give(tenant signalbox.ID, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(tenant, -bytes)
}

func (r *room) add(tenant signalbox.ID, bytes int) {
	r.used += bytes
	if r.held[tenant] += bytes; r.held[tenant] == 0 {
		delete(r.held, tenant)
	}
}
