package mock

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds on clients that are slow or say too much. A client must have sent its
// headers in slowHeaders and its request in slowBody; answers may take as long as
// the slowest model.
const (
	slowHeaders = 10 * time.Second
	slowReader  = time.Minute // at most, to take a piece of an answer; at least half of that
	slowBody    = time.Minute
	idle        = 2 * time.Minute
	mostHeaders = 64 << 10
	// cutEnds is how long Serve waits for handlers whose connections it has cut: they only
	// have to notice.
	cutEnds = time.Second
)

// ErrCut says that requests were still open when the time to answer them was over,
// and that their connections were closed.
var ErrCut = errors.New("requests that were still open were cut off")

// Endpoint is a listener and who answers there.
type Endpoint struct {
	Listener net.Listener
	Handler  http.Handler
}

// Serve answers at all endpoints until ctx ends; then it takes no more requests
// and answers those it has, for the time drain at most. If some are open then, the
// error is ErrCut. It closes the listeners. When it returns, handlers have ended, so that
// nothing is recorded after it; only one that holds a connection on purpose may go on.
func Serve(ctx context.Context, drain time.Duration, endpoints ...Endpoint) error {
	servers := make([]*http.Server, len(endpoints))
	failed := make(chan error, len(servers))
	var open sync.WaitGroup
	for i, e := range endpoints {
		counted := func(w http.ResponseWriter, r *http.Request) {
			open.Add(1)
			defer open.Done()
			e.Handler.ServeHTTP(w, r)
		}
		servers[i] = &http.Server{Handler: http.HandlerFunc(counted), ReadHeaderTimeout: slowHeaders, ReadTimeout: slowBody, IdleTimeout: idle, MaxHeaderBytes: mostHeaders}
		go func() { failed <- servers[i].Serve(patient{e.Listener}) }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	for _, server := range servers {
		stop := server.Shutdown(patience)
		if errors.Is(stop, context.DeadlineExceeded) {
			stop = errors.Join(ErrCut, server.Close())
		}
		err = errors.Join(err, stop)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		open.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(cutEnds):
	}
	return err
}

// patient is a listener whose connections break when their client does not read
// what is sent to it.
type patient struct{ net.Listener }

func (l patient) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patientConn{Conn: c}, nil
}

type patientConn struct {
	net.Conn
	until time.Time // of writes; net/http writes from one goroutine at a time
}

func (c *patientConn) Write(b []byte) (int, error) {
	if now := time.Now(); c.until.Sub(now) < slowReader/2 {
		c.until = now.Add(slowReader)
		if err := c.SetWriteDeadline(c.until); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}

// CloseWrite implements what a fault asks of a connection.
func (c *patientConn) CloseWrite() error {
	if conn, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return c.Close()
}

// SetLinger implements what a fault asks of a connection.
func (c *patientConn) SetLinger(seconds int) error {
	if conn, ok := c.Conn.(interface{ SetLinger(int) error }); ok {
		return conn.SetLinger(seconds)
	}
	return nil
}
