//go:build race

package httpserver_test

import "time"

// promptly is how long a hostile request may take; the race detector makes all
// slower.
const promptly = time.Second
