package httpserver

import "net/http"

// policy is the Content-Security-Policy of whatever has none of its own: answers
// are data, and nothing in them is to be run, loaded or framed.
const policy = "default-src 'none'; frame-ancestors 'none'"

// transportSecurity holds for a year. It says nothing of subdomains, which are not
// ours to speak for.
const transportSecurity = "max-age=31536000"

// withSecurityHeaders puts them on every answer. A handler that serves pages sets
// its own policy over this one.
func withSecurityHeaders(hsts bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Content-Security-Policy", policy)
			// Pages of other origins may not embed an answer. What CORS allows is not
			// affected: this concerns requests made without it.
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			if hsts || r.TLS != nil {
				h.Set("Strict-Transport-Security", transportSecurity)
			}
			next.ServeHTTP(w, r)
		})
	}
}
