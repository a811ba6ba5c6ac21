package httpserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

type contextKey int

const (
	requestIDKey contextKey = iota
	callerKey
)

// maxRequestID bounds what a caller may have us write into logs.
const maxRequestID = 64

// RequestID is the id under which the log has the request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// withRequestID takes the caller's X-Request-Id where it is harmless, makes one
// otherwise, and answers it.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !harmless(id) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails: crypto/rand
			id = hex.EncodeToString(b[:])
		}
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey, id)))
	})
}

func harmless(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// withRecovery turns a panic into a 500 that tells nothing but the request's id.
func withRecovery(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				log.ErrorContext(r.Context(), "a request panicked", "requestID", RequestID(r.Context()), "panic", v, "stack", string(debug.Stack()))
				writeText(w, http.StatusInternalServerError, "something went wrong on our side; the log has it under the request id "+RequestID(r.Context()))
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// lastRequests tells clients, while the server stops, that a connection takes no
// further request. Closing it under them instead could cut off one that is just
// being sent.
func lastRequests(stopping func() bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if stopping() {
				w.Header().Set("Connection", "close")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// withDeadline is the one deadline of a request: whatever is asked on its behalf,
// the database among it, ends then.
func withDeadline(timeout time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), timeout)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// shortTargets refuses what is longer than any query that belongs into a URL.
func shortTargets(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxTargetBytes {
			writeText(w, http.StatusRequestURITooLong, "the URL is too long: send the request with POST")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// lastIfChunked ends a connection with a request whose body came in chunks. Such a
// request may have had a Content-Length besides, which net/http has dropped by now;
// whoever forwarded it by that length takes what follows for something else than we
// would (RFC 9112, section 6.1: the connection has to be closed).
func lastIfChunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func onlyLoopbackHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.Trim(host, "[]")
		ip := net.ParseIP(host)
		if !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
			writeText(w, http.StatusForbidden, "this server answers to localhost only, as it has no authentication or a key in its playground, and the request's Host is another")
			return
		}
		next.ServeHTTP(w, r)
	})
}
