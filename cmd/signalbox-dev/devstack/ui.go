package devstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI serves Temporal's web UI from this binary: no sign-in, no codec, and
// nothing fetched from elsewhere.
//
// Its Start ends the whole process if it cannot listen. The port was checked
// just before, and Postgres ends with us, so that is left as it is.
func startUI(ctx context.Context, port, temporalPort int) (stop func(context.Context) error, err error) {
	server := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                loopback,
		Port:                port,
		TemporalGRPCAddress: hostPort(temporalPort),
		DefaultNamespace:    Namespace,
		EnableUI:            true,
		HideLogs:            true,
		DisableNewsFetch:    true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain http on loopback
	}))
	ended := make(chan error, 1)
	go func() { ended <- server.Start() }()
	stop = func(ctx context.Context) error {
		server.Stop()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := awaitHTTP(ctx, "http://"+hostPort(port)+"/healthz"); err != nil {
		return nil, errors.Join(fmt.Errorf("wait for Temporal's UI: %w", err), stop(context.WithoutCancel(ctx)))
	}
	return stop, nil
}

func awaitHTTP(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return retry(ctx, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := res.Body.Close(); err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, res.Status)
		}
		return nil
	})
}
