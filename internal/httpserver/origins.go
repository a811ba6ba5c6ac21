package httpserver

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may keep the answer to a preflight.
const preflightAge = 10 * time.Minute

// checkOrigin refuses what is not one exact origin, as a browser's Origin header
// writes it (RFC 6454, section 6.2). An origin that is merely similar would be
// matched by nothing, in silence.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case strings.ContainsAny(origin, "* \t\r\n"), origin == "", origin == "null", err != nil:
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
	case u.Scheme+"://"+u.Host != origin, strings.ToLower(origin) != origin, strings.HasSuffix(u.Host, ":"):
	case u.Scheme == "http" && u.Port() == "80", u.Scheme == "https" && u.Port() == "443":
		return fmt.Errorf("the CORS origin %q names its scheme's own port, which browsers leave out: leave it out", origin)
	default:
		return nil
	}
	return fmt.Errorf("the CORS origin %q is not an origin: write scheme://host or scheme://host:port in lower case, each origin by itself", origin)
}

func checkOrigins(origins []string) error {
	for _, origin := range origins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	return nil
}

// withCORS lets pages of these origins, and of no others, read answers. There are
// no cookies to allow: who calls says so by a header that the page itself must set.
func withCORS(origins []string) func(http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:       origins,
		AllowedMethods:       []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:       []string{"Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"},
		ExposedHeaders:       []string{"X-Request-Id", "Retry-After"},
		MaxAge:               int(preflightAge.Seconds()),
		OptionsSuccessStatus: http.StatusNoContent,
	}).Handler
}

// protectionWith trusts these origins, and otherwise only our own.
func protectionWith(origins []string) (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return protection, nil
}
