package mock_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/sim/clock"
)

// faulty serves chat over real sockets with one fault, which strikes every attempt, and
// returns the server's address. Ten minutes of a hang last a tenth of a second at speed 6000.
func faulty(t *testing.T, fault provider.Fault, speed float64) string {
	t.Helper()
	fault.Rate, fault.Until = 1, clock.Never
	if fault.Kind == provider.SlowStream {
		fault.To = 1
	}
	s, err := mock.New(mock.Config{Speed: speed, Seed: 3, Deployments: []mock.Deployment{{Config: provider.Config{
		Vendor: "openai", Model: "gpt-4o", RPM: 1000, Faults: []provider.Fault{fault}}}}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mock.Serve(ctx, time.Second, mock.Endpoint{Listener: listener, Handler: s}) }()
	t.Cleanup(func() { stop(); <-ended })
	return listener.Addr().String()
}

// received is what a client reads of an answer, to the end of the connection.
type received struct {
	raw       string
	announced int64 // Content-Length; -1 = none
	body      []byte
	err       error // of the connection
	took      time.Duration
	reads     int
	conn      net.Conn
}

// receive sends one request and reads all that comes.
func receive(t *testing.T, address string, stream bool) received {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"model":"gpt-4o","stream":%v,"max_tokens":200,%s}`, stream, hello)
	begin := time.Now() // before anything is sent, so that no wait of the server's is measured too short
	fmt.Fprintf(c, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer sk-test\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	got := received{conn: c, announced: -1}
	piece := make([]byte, 1<<16)
	for got.err == nil {
		var n int
		n, got.err = c.Read(piece)
		got.raw += string(piece[:n])
		got.reads++
	}
	got.took = time.Since(begin)
	if errors.Is(got.err, io.EOF) {
		got.err = nil
	}
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got.raw)), nil)
	if err != nil {
		return got
	}
	got.announced = response.ContentLength
	if got.announced >= 0 {
		_, rest, _ := strings.Cut(got.raw, "\r\n\r\n")
		got.body = []byte(rest)
		return got
	}
	got.body, _ = io.ReadAll(response.Body) // a stream breaks on purpose
	return got
}

// An answer in one piece is spoiled where the fault says, byte by byte.
func TestConnectionFaults(t *testing.T) {
	whole := receive(t, faulty(t, provider.Fault{Kind: provider.SlowStream}, 6000), false)
	full := whole.announced
	if full < 200 || !json.Valid(whole.body) {
		t.Fatalf("without a fault: %q", whole.raw)
	}
	tenth := 100 * time.Millisecond
	for _, c := range []struct {
		fault           provider.Fault
		announced, came int64
		least           time.Duration
	}{
		{provider.Fault{Kind: provider.Hang, How: provider.AfterHeaders}, full, 0, tenth},
		{provider.Fault{Kind: provider.Hang, How: provider.MidBody}, full, full / 2, tenth},
		{provider.Fault{Kind: provider.Hang, How: provider.BeforeEnd}, full, full - 1, tenth},
		{provider.Fault{Kind: provider.Reset, After: 77}, -2, 77, 0},
		{provider.Fault{Kind: provider.Reset, How: provider.HalfCloses, After: 77}, -2, 77, 0},
		{provider.Fault{Kind: provider.Reset, How: provider.Short}, full + 100, full, 0},
		{provider.Fault{Kind: provider.Garbled, How: provider.BadBody}, full, full, 0},
		{provider.Fault{Kind: provider.Garbled, How: provider.Long}, full / 2, full, 0},
	} {
		name := fmt.Sprintf("%v %s", c.fault.Kind, c.fault.Kind.Ways()[c.fault.How])
		got := receive(t, faulty(t, c.fault, 6000), false)
		if c.announced == -2 { // its text is shorter, because nothing is made after the break
			c.announced = got.announced
		}
		if got.err != nil || got.announced != c.announced || int64(len(got.body)) != c.came || got.took < c.least || got.took > c.least+5*time.Second {
			t.Errorf("%s: announced %d, came %d after %v, %v; want %d, %d and %v", name, got.announced, len(got.body), got.took, got.err, c.announced, c.came, c.least)
			continue
		}
		if json.Valid(got.body) != (c.came == full && c.fault.How != provider.BadBody) {
			t.Errorf("%s: JSON: %v in %q", name, json.Valid(got.body), got.body)
		}
		if begin := whole.body[:min(c.came, 20)]; !bytes.HasPrefix(got.body, begin) { // later the date may differ
			t.Errorf("%s: begins with %q, want %q", name, got.body, begin)
		}
	}
	if got := receive(t, faulty(t, provider.Fault{Kind: provider.Garbled, How: provider.BadStatusLine}, 6000), false); len(got.raw) < 60 || strings.Contains(got.raw, "HTTP") {
		t.Errorf("status line: %q", got.raw)
	}
	if got := receive(t, faulty(t, provider.Fault{Kind: provider.Reset, How: provider.ResetsTCP}, 6000), false); !errors.Is(got.err, syscall.ECONNRESET) {
		t.Errorf("reset: %v after %q", got.err, got.raw)
	}
}

// A stream is spoiled likewise: it begins well, and only where all is sent it ends well.
func TestConnectionFaultsOfStreams(t *testing.T) {
	const done = "data: [DONE]\n"
	for _, c := range []struct {
		fault       provider.Fault
		events, end bool
	}{
		{provider.Fault{Kind: provider.Hang, How: provider.AfterHeaders}, false, false},
		{provider.Fault{Kind: provider.Hang, How: provider.MidBody}, true, false},
		{provider.Fault{Kind: provider.Hang, How: provider.BeforeEnd}, true, true},
		{provider.Fault{Kind: provider.Reset}, true, false},
		{provider.Fault{Kind: provider.Reset, After: 300}, true, false},
		{provider.Fault{Kind: provider.Reset, How: provider.HalfCloses}, true, false},
		{provider.Fault{Kind: provider.Reset, How: provider.Short}, true, true},
		{provider.Fault{Kind: provider.Garbled}, true, false},
	} {
		name := fmt.Sprintf("%v %s", c.fault.Kind, c.fault.Kind.Ways()[c.fault.How])
		got := receive(t, faulty(t, c.fault, 6000), true)
		if got.announced != -1 || strings.HasPrefix(string(got.body), "data: {") != c.events || strings.Contains(string(got.body), done) != c.end {
			t.Errorf("%s: announced %d, body %q", name, got.announced, got.body)
		}
		if ended := strings.HasSuffix(got.raw, "0\r\n\r\n"); ended != (c.fault.Kind == provider.Garbled) {
			t.Errorf("%s: ends as a whole body does: %v, in %q", name, ended, got.raw)
		}
		if c.fault.After > 0 && int64(len(got.body)) != c.fault.After {
			t.Errorf("%s: %d bytes", name, len(got.body))
		}
	}
	long := receive(t, faulty(t, provider.Fault{Kind: provider.Garbled, How: provider.Long}, 6000), true)
	if int64(len(long.body)) <= long.announced || long.announced < 100 || !strings.Contains(string(long.body), done) {
		t.Errorf("long: announced %d of %q", long.announced, long.body)
	}
}

// The server has sent its FIN, and reads on until the client closes.
func TestHalfClosed(t *testing.T) {
	got := receive(t, faulty(t, provider.Fault{Kind: provider.Reset, How: provider.HalfCloses}, 6000), false)
	if got.err != nil {
		t.Fatal(got.err)
	}
	for range 3 {
		if _, err := got.conn.Write([]byte("more")); err != nil {
			t.Errorf("the server does not read: %v", err)
		}
		time.Sleep(10 * time.Millisecond) // for a reset to come back
	}
}

// Bytes come some at a time, at the rate of the fault.
func TestDrips(t *testing.T) {
	for _, stream := range []bool{false, true} {
		fault := provider.Fault{Kind: provider.SlowStream, BytesPerSecond: 2000}
		got := receive(t, faulty(t, fault, 1), stream)
		// Up to 200 tokens count as 500 to 1,500 bytes: 0.25 s to 0.75 s.
		if got.err != nil || got.took < 250*time.Millisecond || got.took > 2*time.Second || got.reads < 4 {
			t.Errorf("stream %v: %v after %v, in %d pieces", stream, got.err, got.took, got.reads)
		}
		if !stream && !json.Valid(got.body) || stream && !strings.HasSuffix(string(got.body), "[DONE]\n\n") {
			t.Errorf("stream %v: %q", stream, got.body)
		}
	}
}
