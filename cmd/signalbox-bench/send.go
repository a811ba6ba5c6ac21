package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// What clients are told to send, with variables.
const (
	sendHead = `{"query":"mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) { success outcome workflows { type id runID } } }","variables":{"input":`
	bulkHead = `{"query":"mutation($inputs: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $inputs) { response { eventID outcome } error { code message } } }","variables":{"inputs":[`
)

// sender sends one event a request, of the operations in turns. Each must come to the
// outcome.
func (g *generator) sender(outcome string, operations ...string) func(context.Context, job) (operation, error) {
	want := []byte(`"outcome":"` + outcome + `"`)
	return func(ctx context.Context, j job) (operation, error) {
		c, err := dialHTTP(ctx, j)
		if err != nil {
			return operation{}, err
		}
		var body []byte
		turn := 0
		return operation{close: c.close, do: func(context.Context) error {
			turn++
			body = appendEvent(append(body[:0], sendHead...), operations[turn%len(operations)], "", nextEntity())
			body = append(body, "}}"...)
			return c.post(body, want, 1)
		}}, nil
	}
}

// bulkSender sends bulkSize events a request.
func (g *generator) bulkSender(name, outcome, wait string) func(context.Context, job) (operation, error) {
	want := []byte(`"outcome":"` + outcome + `"`)
	return func(ctx context.Context, j job) (operation, error) {
		c, err := dialHTTP(ctx, j)
		if err != nil {
			return operation{}, err
		}
		var body []byte
		return operation{close: c.close, do: func(context.Context) error {
			body = append(body[:0], bulkHead...)
			for i := range bulkSize {
				if i > 0 {
					body = append(body, ',')
				}
				body = appendEvent(body, name, wait, nextEntity())
			}
			body = append(body, "]}}"...)
			return c.post(body, want, bulkSize)
		}}, nil
	}
}

const readBody = `{"query":"{ events(first: 50) { nodes { id type operation outcome payload { id data } } } }"}`

// reader asks for a page of events, again as soon as it is answered, be it that there
// is no room for it now.
func (g *generator) reader(ctx context.Context, j job) (operation, error) {
	c, err := dialHTTP(ctx, j)
	if err != nil {
		return operation{}, err
	}
	return operation{close: c.close, do: func(context.Context) error {
		status, err := c.exchange([]byte(readBody))
		if err != nil {
			return err
		}
		page := bytes.HasPrefix(c.in, []byte(`{"data":{"events":{`))
		if code := member(c.in, `"code":"`); !page && code != "OVERLOADED" {
			return fmt.Errorf("the server answered %d: %.300s", status, c.in)
		}
		return nil
	}}, nil
}

// httpConn is one kept-alive connection and just enough HTTP/1.1 for this server's
// answers. A load generator shares the machine with what it measures, so it has to
// be lean; net/http's client costs more than the server does.
type httpConn struct {
	conn       net.Conn
	reader     *bufio.Reader
	head       string // of every request, up to the length of its body
	out        []byte
	in         []byte
	retryAfter bool // the newest answer has the header
}

const requestTimeout = 30 * time.Second

// dialHTTP connects to the job's server, as the owner of the job's key.
func dialHTTP(ctx context.Context, j job) (*httpConn, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", j.Server)
	if err != nil {
		return nil, err
	}
	head := "POST /graphql HTTP/1.1\r\nHost: " + j.Server + "\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
	if j.Key != "" {
		head += "Authorization: Bearer " + j.Key + "\r\n"
	}
	return &httpConn{conn: conn, reader: bufio.NewReaderSize(conn, 4<<10), head: head + "Content-Length: "}, nil
}

func (c *httpConn) close() { _ = c.conn.Close() }

// post sends a GraphQL request and checks that the answer has no errors and holds
// the wanted text as often as it should.
func (c *httpConn) post(body, want []byte, times int) error {
	status, err := c.exchange(body)
	if err != nil {
		return err
	}
	if status != 200 || bytes.HasPrefix(c.in, []byte(`{"errors"`)) || bytes.Count(c.in, want) != times {
		return fmt.Errorf("the server answered %d and not %s: %.300s", status, want, c.in)
	}
	return nil
}

// exchange sends a GraphQL request and takes its answer, whatever it is.
func (c *httpConn) exchange(body []byte) (status int, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return 0, err
	}
	c.out = append(c.out[:0], c.head...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, err
	}
	return c.read()
}

// read takes one answer with a Content-Length; its body is in c.in until the next.
func (c *httpConn) read() (status int, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, errors.New("not an HTTP/1.1 answer")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := -1
	c.retryAfter = false
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		const name, retry = "content-length:", "retry-after:"
		if len(line) > len(retry) && bytes.EqualFold(line[:len(retry)], []byte(retry)) {
			c.retryAfter = true
		}
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("the answer has no Content-Length")
	}
	if cap(c.in) < length {
		c.in = make([]byte, length)
	}
	c.in = c.in[:length]
	for read := 0; read < length; {
		n, err := c.reader.Read(c.in[read:])
		if err != nil {
			return 0, err
		}
		read += n
	}
	return status, nil
}
