package httpserver_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/httpserver"
)

// strangers is a listener to which connections come from wherever the test says.
type strangers struct{ coming chan *stranger }

func (s *strangers) Accept() (net.Conn, error) {
	c, open := <-s.coming
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (s *strangers) Close() error   { close(s.coming); return nil }
func (s *strangers) Addr() net.Addr { return &net.TCPAddr{} }

type stranger struct {
	net.Conn
	from   net.Addr
	closed chan struct{}
}

func (s *stranger) RemoteAddr() net.Addr { return s.from }
func (s *stranger) Close() error         { close(s.closed); return nil }

// TestConnectionsOfOneAddress: a machine that opens more than its share is closed,
// and others still come in.
func TestConnectionsOfOneAddress(t *testing.T) {
	inner := &strangers{coming: make(chan *stranger)}
	l := httpserver.LimitListener(inner, 0, 2)
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	arrive := func(from string) *stranger {
		s := &stranger{from: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from)), closed: make(chan struct{})}
		inner.coming <- s
		return s
	}
	in := func(from string) net.Conn {
		arrive(from)
		return <-accepted
	}
	out := func(from string) {
		select {
		case <-arrive(from).closed:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s has come in", from)
		}
	}
	first := in("192.0.2.1:1000")
	in("192.0.2.1:1001")
	out("192.0.2.1:1002")
	out("[::ffff:192.0.2.1]:1003") // the same, written as IPv6
	in("192.0.2.2:1000")
	in("[2001:db8::1]:1000")
	in("[2001:db8::2]:1000")
	out("[2001:db8::ffff:3]:1000") // of the same /64
	in("[2001:db8:0:1::1]:1000")
	require.NoError(t, first.Close())
	again := in("192.0.2.1:1004")
	out("192.0.2.1:1005")
	require.NoError(t, again.Close())
	inner.coming <- &stranger{from: &net.UnixAddr{Name: "@"}, closed: make(chan struct{})}
	<-accepted
	require.NoError(t, l.Close())
	_, open := <-accepted
	require.False(t, open)
}

// TestConnectionsInAll: beyond the total, a connection waits until another ends.
func TestConnectionsInAll(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := httpserver.LimitListener(tcp, 1, 0)
	defer func() { _ = l.Close() }()
	for range 2 {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
	}
	first, err := l.Accept()
	require.NoError(t, err)
	second := make(chan net.Conn)
	go func() {
		conn, _ := l.Accept()
		second <- conn
	}()
	select {
	case <-second:
		t.Fatal("there are two")
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, first.Close())
	require.NoError(t, (<-second).Close())
}
