package mock

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Bounds on clients that are slow or say too much. A client must have sent its
// headers in slowHeaders and its request in slowBody; answers may take as long as
// the slowest model.
const (
	slowHeaders = 10 * time.Second
	slowBody    = time.Minute
	idle        = 2 * time.Minute
	mostHeaders = 64 << 10
	drain       = 30 * time.Second // for what is being answered when the server stops
)

// Serve answers on public, and the operator on admin if that is not nil, until
// ctx ends; then it takes no more requests and answers those it has, for half a
// minute at most. It closes the listeners.
func (s *Server) Serve(ctx context.Context, public, admin net.Listener) error {
	servers := []*http.Server{{Handler: s, ReadHeaderTimeout: slowHeaders, ReadTimeout: slowBody, IdleTimeout: idle, MaxHeaderBytes: mostHeaders}}
	listeners := []net.Listener{public}
	if admin != nil {
		servers = append(servers, &http.Server{Handler: s.Admin(), ReadHeaderTimeout: slowHeaders, ReadTimeout: slowBody})
		listeners = append(listeners, admin)
	}
	failed := make(chan error, len(servers))
	for i := range servers {
		go func() { failed <- servers[i].Serve(listeners[i]) }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	for _, server := range servers {
		if stop := server.Shutdown(patience); stop != nil {
			err = errors.Join(err, stop, server.Close())
		}
	}
	return err
}
