package live_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"ratesim/strategies/live"
)

// What an attempt meets.
const (
	answers int = iota
	refuses
	fails
	rejects
	resets
	hangs
	panics
	nothing // neither an answer nor an error
	drips
	breaks
	stalls
	ends    // before it is as long as it said
	exceeds // what it said
	floods  // more than MaxAnswer
	bodyPanics
	deaf // the attempt does not hear its context
	streams
	streamDrips
	streamBreaks
	streamStalls
	numMeetings
)

// mostAnswer is Options.MaxAnswer.
const mostAnswer = 1 << 10

// server is Options.Base.
type server struct{ w *world }

// RoundTrip answers an attempt, as the seed wants.
func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	w, ctx := s.w, r.Context()
	id, number, deployment, ok := live.AttemptOf(ctx)
	w.check(ok, "Base is given a request that is not known as an attempt")
	d := w.dice(forAttempt, id, uint64(number))
	meets := w.plan.sending.draw(d)
	w.mu.Lock()
	a := w.witness.begin(ctx, id, number, deployment)
	if w.healed {
		meets = answers
	}
	jobOf(ctx).is(id)
	w.note("    sent", id, int(number), meets)
	w.mu.Unlock()
	defer s.touch(a)
	if r.Body != nil {
		defer r.Body.Close()
		if err := s.read(ctx, d, r.Body); err != nil {
			return nil, err
		}
	}
	if !d.oneIn(4) && !w.isHealed() { // else it answers at once
		if meets == deaf {
			time.Sleep(d.span(5 * time.Millisecond))
		} else if err := pause(ctx, d, d.span(w.plan.scale)); err != nil {
			return nil, err
		}
	}
	return s.answer(ctx, d, a, meets, id)
}

// read reads what is sent, and hears the context meanwhile, as http.Transport does.
func (s server) read(ctx context.Context, d *dice, body io.Reader) error {
	if d.oneIn(4) {
		return nil // the server answers before it has read the request
	}
	over := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, body)
		over <- err
	}()
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
		return hangUp(d, ctx)
	}
}

func (s server) touch(a *try) {
	s.w.mu.Lock()
	a.touched = time.Now()
	s.w.mu.Unlock()
}

// answer answers, or does not.
func (s server) answer(ctx context.Context, d *dice, a *try, meets int, id uint64) (*http.Response, error) {
	status, header := 200, http.Header{"Content-Type": {"application/json"}}
	text := fmt.Sprintf(`{"id": "%d/%d", "usage": {"prompt_tokens": 10, "completion_tokens": 20}}`, id, a.number)
	switch meets {
	case hangs:
		return nil, cmp.Or(pause(ctx, d, time.Hour), errPlanned)
	case resets:
		return nil, fmt.Errorf("reset: %w", errPlanned)
	case panics:
		jobOf(ctx).allow(panicking)
		panic(errPlanned)
	case nothing:
		jobOf(ctx).allow(panicking)
		return nil, nil
	case refuses:
		status = 429
		refusal(header, d, s.w)
	case fails:
		status = []int{500, 502, 503, 529}[d.n(4)]
		if d.oneIn(3) {
			refusal(header, d, s.w)
		}
	case rejects:
		status = []int{400, 401, 404, 408, 413, 307}[d.n(6)]
	case streams, streamDrips, streamBreaks, streamStalls:
		header.Set("Content-Type", "text/event-stream")
		text = fmt.Sprintf("data: \"%d/%d\"\n\ndata: {\"usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 20}}\n\ndata: [DONE]\n\n", id, a.number)
	case floods:
		jobOf(ctx).allow(flooding)
		text += string(bytes.Repeat([]byte(" "), 2*mostAnswer))
	}
	b := &body{w: s.w, ctx: ctx, dice: *d, try: a, left: text, meets: meets, quit: make(chan struct{})}
	b.breaksAt = d.n(len(text))
	length := int64(len(text))
	switch {
	case meets == ends:
		length += 5
	case meets == exceeds:
		length -= 5
	case header.Get("Content-Type") == "text/event-stream" || d.oneIn(3):
		length = -1
	}
	s.w.mu.Lock()
	a.status, a.stream = status, meets >= streams
	a.opened++
	if h := s.w.witness.calls[id]; h != nil && a.stream && ctx.Err() == nil {
		h.handed = true
	}
	s.w.mu.Unlock()
	return &http.Response{StatusCode: status, Header: header, Body: b, ContentLength: length}, nil
}

// refusal draws headers that tell how long to wait.
func refusal(h http.Header, d *dice, w *world) {
	date := func(at time.Duration) string { return w.start.Add(at).UTC().Format(http.TimeFormat) }
	switch d.n(12) {
	case 0:
		h.Set("Retry-After", "0")
	case 1:
		h.Set("Retry-After", "1")
	case 2:
		h.Set("Retry-After", "0.25")
	case 3:
		h.Set("Retry-After", "-3")
	case 4:
		h.Set("Retry-After", "99999999999999999999")
	case 5:
		h.Set("Retry-After", date(time.Since(w.start)+d.span(time.Minute)))
	case 6:
		h.Set("Retry-After", date(-time.Hour))
	case 7:
		h.Set("Retry-After", "soon")
	case 8:
		h.Set("Retry-After-Ms", "137.5")
	case 9:
		h.Set("X-Ratelimit-Remaining-Requests", "0")
		h.Set("X-Ratelimit-Reset-Requests", "7.66s")
	case 10:
		h.Set("Anthropic-Ratelimit-Tokens-Remaining", "0")
		h.Set("Anthropic-Ratelimit-Tokens-Reset", w.start.Add(time.Hour).UTC().Format(time.RFC3339))
	}
}

// pause waits, or hears that the context is over.
func pause(ctx context.Context, d *dice, how time.Duration) error {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return hangUp(d, ctx)
	}
}

// hangUp takes a moment to close a connection. Without it, attempts that time out together
// would end together, in an order that the Go scheduler draws.
func hangUp(d *dice, ctx context.Context) error {
	time.Sleep(d.span(50 * time.Microsecond))
	return ctx.Err()
}

// body is that of an answer.
type body struct {
	w        *world
	ctx      context.Context
	dice     dice
	try      *try
	left     string
	read     int
	breaksAt int
	meets    int
	quit     chan struct{} // closed by Close
	quitted  bool
}

func (b *body) Read(p []byte) (n int, err error) {
	defer func() {
		b.w.mu.Lock()
		b.try.touched = time.Now()
		b.try.whole = b.try.whole || err == io.EOF && len(b.left) == 0
		if err != nil {
			b.w.note("    the body ends", nobody, b.try.number, err)
		}
		b.w.mu.Unlock()
	}()
	b.w.mu.Lock()
	quitted := b.quitted
	b.w.mu.Unlock()
	if quitted {
		return 0, http.ErrBodyReadAfterClose
	}
	broken := b.read >= b.breaksAt
	switch b.meets {
	case drips, streamDrips:
		if err := b.pause(b.dice.span(b.w.plan.scale)); err != nil {
			return 0, err
		}
		p = p[:min(len(p), 1+b.dice.n(40))]
	case breaks, streamBreaks:
		if broken {
			return 0, io.ErrUnexpectedEOF
		}
	case stalls, streamStalls:
		if broken {
			return 0, b.pause(time.Hour)
		}
	case bodyPanics:
		if broken {
			jobOf(b.ctx).allow(panicking)
			panic(errPlanned)
		}
	}
	switch b.meets {
	case breaks, streamBreaks, stalls, streamStalls, bodyPanics:
		p = p[:min(len(p), b.breaksAt-b.read)]
	}
	if b.ctx.Err() != nil {
		return 0, b.ctx.Err()
	}
	n = copy(p, b.left)
	b.left, b.read = b.left[n:], b.read+n
	if len(b.left) == 0 && (n == 0 || b.dice.oneIn(2)) {
		return n, io.EOF
	}
	return n, nil
}

// pause waits, unless the body is closed meanwhile. It ends in an error after an hour.
func (b *body) pause(how time.Duration) error {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-timer.C:
		if how >= time.Hour {
			return io.ErrUnexpectedEOF
		}
		return nil
	case <-b.quit:
		return http.ErrBodyReadAfterClose
	case <-b.ctx.Done():
		return hangUp(&b.dice, b.ctx)
	}
}

func (b *body) Close() error {
	b.w.mu.Lock()
	if !b.quitted {
		b.quitted = true
		close(b.quit)
		b.try.closed++
	}
	b.w.mu.Unlock()
	if b.w.plan.slow {
		time.Sleep(b.w.dice(forHook, uint64(len(b.left)), uint64(b.try.number)).span(time.Millisecond))
	}
	b.w.mu.Lock()
	b.try.touched = time.Now()
	b.w.mu.Unlock()
	return nil
}
