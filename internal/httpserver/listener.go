package httpserver

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/netutil"
)

// LimitListener bounds the connections of l that are open at once: total of all,
// and perAddress of each remote address; 0 is no bound. Beyond the total, accepting
// waits for a connection to end; beyond an address's share, its connection is closed
// without a word, so that one machine cannot take everybody's place. An IPv6 address
// counts with all of its /64, of which one machine has as many as it likes.
//
// Behind a proxy every connection is the proxy's: perAddress is to be 0 there.
func LimitListener(l net.Listener, total, perAddress int) net.Listener {
	if total > 0 {
		l = netutil.LimitListener(l, total)
	}
	if perAddress > 0 {
		l = &addressListener{Listener: l, most: perAddress, open: map[netip.Prefix]int{}}
	}
	return l
}

type addressListener struct {
	net.Listener
	most int

	mu   sync.Mutex
	open map[netip.Prefix]int
}

// Accept passes over connections of addresses that have their share.
func (l *addressListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, known := networkOf(conn.RemoteAddr())
		if !known {
			return conn, nil
		}
		if !l.enter(from) {
			_ = conn.Close() // nothing has been said on it
			continue
		}
		return &countedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
	}
}

func (l *addressListener) enter(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from] >= l.most {
		return false
	}
	l.open[from]++
	return true
}

func (l *addressListener) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from]--; l.open[from] <= 0 {
		delete(l.open, from)
	}
}

// networkOf is the address of IPv4 and the /64 of IPv6. Of a unix socket there is
// neither.
func networkOf(a net.Addr) (netip.Prefix, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, false
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	prefix, err := addr.Prefix(bits)
	return prefix, err == nil
}

type countedConn struct {
	net.Conn
	leave func()
}

// Close gives the place back, once.
func (c *countedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
