package limit

import (
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Fair tells whether a tenant that holds some of what is scarce may have more of it,
// where all tenants together hold used of total.
//
// A tenant may hold as many as are left over. So one tenant alone gets to a half of
// all, n tenants that want all they can get come to total/(n+1) each, and there is
// always something left for one that has nothing yet. As a tenant that came late
// takes its part, those that hold more than theirs get nothing until they have given
// enough back. No tenant has to be counted or configured for that, and what nobody
// else wants is not kept from whoever does, up to that half. (In switches, whose
// ports share a buffer, the rule is known as dynamic thresholds: Choudhury and Hahne,
// IEEE/ACM Transactions on Networking 6(2), 1998.)
func Fair(held, more, used, total int) bool {
	return held+more <= total-used
}

func never() bool { return false }

// flight counts the sends that are under way.
type flight struct {
	total  int
	random func() float64
	alone  func() bool

	mu   sync.Mutex
	used int
	held map[signalbox.ID]int
}

// inFlightRetry is the hint where too many sends are under way: they last for some
// milliseconds, or for the start budget where Temporal is slow.
const inFlightRetry = time.Second

func (f *flight) enter(tenant signalbox.ID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refusal(tenant); err != nil {
		return err
	}
	f.used++
	f.held[tenant]++
	return nil
}

func (f *flight) peek(tenant signalbox.ID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refusal(tenant)
}

// refusal is nil where there is a place for the tenant.
func (f *flight) refusal(tenant signalbox.ID) error {
	if f.used < f.total && (f.alone() || Fair(f.held[tenant], 1, f.used, f.total)) {
		return nil
	}
	e := &signalbox.Error{
		Code:       signalbox.CodeOverloaded,
		Message:    "too many sends are under way at once (maxInFlight); send again later",
		RetryAfter: jittered(inFlightRetry, f.random),
		Limit:      &signalbox.LimitReached{Name: "inFlight", Value: float64(f.total), Scope: signalbox.ScopeServer},
	}
	if f.used < f.total {
		e.Message = "this tenant has its share of the sends that may be under way at once (maxInFlight); send again later"
	}
	return e
}

func (f *flight) leave(tenant signalbox.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used--
	if f.held[tenant]--; f.held[tenant] == 0 {
		delete(f.held, tenant)
	}
}

// jittered is from d up to half as much again: of many that are refused at once, not
// all come back at once.
func jittered(d time.Duration, random func() float64) time.Duration {
	return d + time.Duration(random()*float64(d/2))
}
