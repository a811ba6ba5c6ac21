package devstack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
	"time"
)

const loopback = "127.0.0.1"

// Ports that we choose ourselves come from below the range from which the
// kernel takes the local ends of outgoing connections (32768 and up on Linux,
// 49152 and up on macOS): between choosing a port and listening on it, nobody's
// outgoing connection can then take it.
const (
	freePortFirst = 15000
	freePortLast  = 32000
)

// CheckPort says, in a sentence for the user, why a server cannot listen on a
// loopback port. The flag is the one that chooses the port.
func CheckPort(ctx context.Context, port int, flag string) error {
	if err := tryListen(ctx, port); err != nil {
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("port %d is in use: stop what listens there or choose another with %s", port, flag)
		case errors.Is(err, syscall.EACCES):
			return fmt.Errorf("port %d is not allowed for this user: choose one above 1023 with %s", port, flag)
		default:
			return fmt.Errorf("port %d cannot be used (%w): choose another with %s", port, err, flag)
		}
	}
	return nil
}

// tryListen listens for a moment. Some systems let a loopback listener stand
// beside one on all addresses, so a server that answers counts as well.
func tryListen(ctx context.Context, port int) error {
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: 200 * time.Millisecond}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil //nolint:nilerr // nobody answers: the port is free
	}
	return errors.Join(syscall.EADDRINUSE, conn.Close())
}

// freePorts finds n different free ports.
func freePorts(ctx context.Context, n int) ([]int, error) {
	ports := make([]int, 0, n)
	seen := map[int]bool{}
	for range 1000 {
		if len(ports) == n {
			return ports, nil
		}
		port := freePortFirst + rand.IntN(freePortLast-freePortFirst) //nolint:gosec // not a secret
		if seen[port] || tryListen(ctx, port) != nil {
			continue
		}
		seen[port] = true
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("no free port found between %d and %d", freePortFirst, freePortLast)
}

// choosePort checks the port asked for, or finds one where none is.
func choosePort(ctx context.Context, port int, flag string) (int, error) {
	if port != 0 {
		return port, CheckPort(ctx, port, flag)
	}
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return 0, err
	}
	return ports[0], nil
}

func hostPort(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
