package auth

import (
	"errors"
	"net/http"
)

// maxIssuerBody bounds what is read of the issuer's answers, in bytes. A large
// provider's key set has some 20 KiB.
const maxIssuerBody = 512 << 10

// issuerClient is the given client, or one of our own, made careful: answers are
// bounded in time and size, and redirects are answers that are not good.
func issuerClient(given *http.Client) *http.Client {
	client := &http.Client{}
	if given != nil {
		*client = *given
	}
	if client.Timeout == 0 || client.Timeout > fetchTimeout {
		client.Timeout = fetchTimeout
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	client.Transport = bounded{base}
	return client
}

// bounded cuts answers off.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxIssuerBody)
	}
	return resp, err
}

// maxErrorText bounds what the log tells of answers and tokens, which errors quote.
const maxErrorText = 300

func shorten(err error) error {
	if text := err.Error(); len(text) > maxErrorText {
		return errors.New(text[:maxErrorText] + "…")
	}
	return err
}
