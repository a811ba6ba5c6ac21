package dispatch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// DialOptions say how to reach Temporal.
type DialOptions struct {
	Address   string // host:port
	Namespace string // of rules and tenants that name none
	APIKey    string // "" is none
	TLS       TLSOptions
	Logger    *slog.Logger
}

// TLSOptions are file names in PEM; the empty options mean no TLS, unless Enabled.
type TLSOptions struct {
	Enabled    bool   // with the system's authorities
	CAFile     string // instead of the system's
	CertFile   string // with KeyFile: who we are (mTLS)
	KeyFile    string
	ServerName string
}

// Dial makes a client that connects when it is first used: Temporal being down is
// no reason not to start.
func Dial(o DialOptions) (client.Client, error) {
	if _, _, err := net.SplitHostPort(o.Address); err != nil && !strings.Contains(o.Address, ":///") { // gRPC's own targets: dns:///…
		return nil, fmt.Errorf("--temporal-address takes host:port, e.g. 127.0.0.1:7233, and not %q", o.Address)
	}
	config, err := o.TLS.config()
	if err != nil {
		return nil, err
	}
	options := client.Options{
		HostPort:          o.Address,
		Namespace:         o.Namespace,
		Identity:          identity(),
		Logger:            sdklog.NewStructuredLogger(o.Logger),
		ConnectionOptions: client.ConnectionOptions{TLS: config},
	}
	if o.APIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(o.APIKey)
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("make the Temporal client for %s: %w", o.Address, err)
	}
	return c, nil
}

func (o TLSOptions) config() (*tls.Config, error) {
	if o == (TLSOptions{}) {
		return nil, nil //nolint:nilnil // no TLS is what was asked for.
	}
	config := &tls.Config{ServerName: o.ServerName, MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the authority's certificate for Temporal: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("a client certificate for Temporal needs both files, the certificate and its key")
	}
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the client certificate for Temporal: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
