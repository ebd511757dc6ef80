package bench

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
)

// isStream reports whether an answer is read piece by piece.
func isStream(r *http.Response) bool { return r.StatusCode < 300 && wire.IsStream(r.Header) }

// pooled is the body of a stream, whose connection goes back to the pool when all of it has
// been read.
type pooled struct {
	io.ReadCloser
	pool     *pool
	conn     *conn
	stop     func() bool // keeps the end of the context from closing the connection
	reusable bool
	once     sync.Once
}

func (b *pooled) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err == io.EOF)
	}
	return n, err
}

func (b *pooled) Close() error {
	b.end(false)
	return nil
}

func (b *pooled) end(whole bool) {
	b.once.Do(func() {
		if b.stop() && whole && b.reusable && b.conn.r.Buffered() == 0 {
			b.pool.put(b.conn)
		} else {
			_ = b.conn.Close()
		}
	})
}

// way is how long the network takes to a server and back.
type way struct{ out, in time.Duration }

// far is the body of a stream from a server that is far away.
type far struct {
	c          *client
	ctx        context.Context // of the attempt
	a          *answer
	way        way
	p          *pending
	deployment int

	pieces chan piece
	now    piece // what is being read
	tail   []byte
	gone   chan struct{} // closed by Close
	once   sync.Once
}

// piece is what the server sent at a time.
type piece struct {
	at   time.Time
	data []byte
	err  error
}

const (
	// inFlight is how many pieces may be on their way: more than any server here sends within
	// the time of a network.
	inFlight = 1 << 10
	// maxTail is how much of the end of a stream is kept, as strategies/live has it.
	maxTail = 8 << 10
)

func (c *client) far(ctx context.Context, a *answer, w way, p *pending, deployment int) io.ReadCloser {
	f := &far{c: c, ctx: ctx, a: a, way: w, p: p, deployment: deployment, pieces: make(chan piece, inFlight), gone: make(chan struct{})}
	body := a.response.Body
	c.run.callers.Go(func() { f.receive(body) })
	context.AfterFunc(ctx, f.hangUp)
	return f
}

// receive takes what comes at the time when the server sends it, until the connection ends:
// a server that sends on to a client that is gone does not wait for it.
func (f *far) receive(body io.ReadCloser) {
	defer body.Close()
	buf := make([]byte, 4<<10)
	for {
		n, err := body.Read(buf)
		select {
		case f.pieces <- piece{time.Now(), append([]byte(nil), buf[:n]...), err}:
		case <-f.gone:
		}
		if err != nil {
			return
		}
	}
}

func (f *far) Read(p []byte) (int, error) {
	for len(f.now.data) == 0 && f.now.err == nil {
		select {
		case f.now = <-f.pieces:
		case <-f.ctx.Done():
			return 0, f.ctx.Err()
		}
		if !sleep(f.ctx, f.now.at.Add(f.way.in)) {
			return 0, f.ctx.Err()
		}
		f.tail = append(f.tail, f.now.data...)
		if extra := len(f.tail) - maxTail; extra > maxTail {
			f.tail = append(f.tail[:0], f.tail[extra:]...)
		}
	}
	if n := copy(p, f.now.data); n > 0 {
		f.now.data = f.now.data[n:]
		return n, nil
	}
	err := f.now.err
	f.once.Do(func() { f.over(err) })
	return 0, err
}

// over takes down how the stream ended.
func (f *far) over(err error) {
	defer f.a.hangUp()
	r := f.c.run
	ending := wire.EndingOf(f.tail)
	if err != io.EOF && ending != wire.Complete || ending == wire.Failed || ending == wire.Torn {
		r.lost(r.now(), f.p)
		return
	}
	wire.Parse(f.a.response.StatusCode, f.a.response.Header, wire.StreamUsage(f.tail), time.Now(), &f.a.reply)
	r.paid(f.deployment, f.a)
}

func (f *far) Close() error {
	f.hangUp()
	return nil
}

// hangUp lets the server hear that nobody reads any more, as much later as it is away.
func (f *far) hangUp() {
	f.once.Do(func() {
		close(f.gone)
		time.AfterFunc(f.way.out, f.a.hangUp)
	})
}

// read reads an answer as its reader does: to its end, or until the reader leaves.
func (r *run) read(p *pending, response *http.Response) {
	if !isStream(response) {
		return
	}
	body := response.Body
	defer body.Close()
	p.begun = r.now()
	if after, leaves := r.p.Scenario.Workload[p.stream].Streaming.Leaves(r.key, p.ID); leaves {
		defer time.AfterFunc(time.Until(r.real(p.begun.Add(after))), func() {
			p.left = true
			body.Close()
		}).Stop()
	}
	_, _ = io.Copy(io.Discard, body) // the strategy hears how it ended
}

// answered is what was asked for by a call that has just succeeded. How much of an answer
// a reader had who left is what the deployment would have produced until then.
func (r *run) answered(now clock.Time, p *pending) metrics.Work {
	if p.begun == 0 { // it came whole
		w := p.work()
		w.FirstToken = now.Sub(p.At)
		return w
	}
	if p.left {
		last := p.begun.Add(time.Duration(p.Output) * r.p.Scenario.Deployments[0].Latency.PerToken)
		p.Output = max(1, provider.Produced(p.Output, p.begun, last, now))
	}
	w := p.work()
	w.FirstToken, w.PerToken = p.begun.Sub(p.At), now.Sub(p.begun)/time.Duration(p.Output)
	return w
}
