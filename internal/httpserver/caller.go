package httpserver

import (
	"context"
	"net/http"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// caller is what authentication has found, be it a principal or why there is none.
type caller struct {
	principal signalbox.Principal
	err       error
}

// Principal is who is calling, or the reason why nobody may. Handlers ask it first
// of all and refuse in their own manner: the body of whoever is not known is never
// read.
func Principal(ctx context.Context) (signalbox.Principal, error) {
	c, ok := ctx.Value(callerKey).(*caller)
	if !ok {
		return signalbox.Principal{}, signalbox.Errorf(signalbox.CodeUnauthenticated, "the request has no principal")
	}
	return c.principal, c.err
}

// withCaller asks who is calling and leaves the answer to the handler.
func withCaller(who func(r *http.Request) (signalbox.Principal, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := &caller{}
			c.principal, c.err = who(r)
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey, c)))
		})
	}
}

// oneCredential refuses a request that could mean two callers before who is asked:
// which of two headers counts must not depend on who reads them.
func oneCredential(who func(r *http.Request) (signalbox.Principal, error)) func(r *http.Request) (signalbox.Principal, error) {
	return func(r *http.Request) (signalbox.Principal, error) {
		if len(r.Header["Authorization"]) > 1 {
			return signalbox.Principal{}, signalbox.Errorf(signalbox.CodeUnauthenticated, "the header Authorization is there twice: send one credential")
		}
		return who(r)
	}
}

// sameOrigin refuses what a page of another origin has a browser send, where the
// browser's being on this machine is credential enough.
func sameOrigin(protection *http.CrossOriginProtection, who func(r *http.Request) (signalbox.Principal, error)) func(r *http.Request) (signalbox.Principal, error) {
	return func(r *http.Request) (signalbox.Principal, error) {
		// A query is checked as what changes something is: its page cannot read the
		// answer, but can make us work, and see how long that takes.
		post := *r
		post.Method = http.MethodPost
		if err := protection.Check(&post); err != nil {
			return signalbox.Principal{}, &signalbox.Error{
				Code: signalbox.CodeForbidden, Err: err,
				Message: "this server has no authentication and takes no requests from pages of other origins",
			}
		}
		return who(r)
	}
}
