//go:build !race

package httpserver_test

import "time"

// promptly is how long a hostile request may take.
const promptly = 50 * time.Millisecond
