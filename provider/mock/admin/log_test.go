package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"ratesim/provider/mock"
	"ratesim/provider/wire"
)

// file is one that a log writes to, slow or bad as a test wants it.
type file struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready chan struct{} // a write waits until it is closed; nil = it does not
	takes int           // so many bytes, and then it is full; 0 = any number
}

func (f *file) Write(b []byte) (int, error) {
	if f.ready != nil {
		<-f.ready
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if room := f.takes - f.text.Len(); f.takes > 0 && len(b) > room {
		n, _ := f.text.Write(b[:room])
		return n, errors.New("no space left")
	}
	return f.text.Write(b)
}

func (f *file) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String()
}

// never fails the test when a log's file cannot be written.
func never(t *testing.T) func(error) {
	return func(err error) { t.Errorf("the log failed: %v", err) }
}

var refusal = mock.Record{At: time.Date(2026, 12, 1, 3, 4, 5, 678901234, time.FixedZone("", 3600)), Took: 12345678 * time.Nanosecond,
	Key: "sk-proj-0123456789abcdef", Account: "acme", Deployment: "gpt-4o", Method: "POST", Path: "/v1/chat/completions", Model: "gpt-4o-2024-08-06", Stream: true,
	Status: 429, Limit: wire.Tokens, Wait: 2500 * time.Millisecond, Why: mock.ByScript, Script: "twice", End: mock.Complete, Requests: 1, Estimated: 120, Tokens: 95, Prompt: 60, Output: 35}

func TestLogLine(t *testing.T) {
	var f file
	l := NewLog(&f, map[string]string{refusal.Key: "web"}, never(t))
	l.Record(refusal)
	l.Record(mock.Record{At: refusal.At, Method: "GET", Path: "/v1/models", Status: 200, Wait: wire.Absent, Why: mock.Unlimited, End: mock.Complete})
	if lost := l.Close(); lost != 0 {
		t.Errorf("%d requests are lost", lost)
	}
	want := `{"time":"2026-12-01T02:04:05.678901Z","key":"sk-pro…cdef","account":"acme","tenant":"web","deployment":"gpt-4o","method":"POST",` +
		`"path":"/v1/chat/completions","model":"gpt-4o-2024-08-06","stream":true,"status":429,"limit":"tokens","retry_after_s":2.5,"why":"script","script":"twice",` +
		`"charged":{"requests":1,"estimated_tokens":120,"tokens":95},"prompt_tokens":60,"output_tokens":35,"end":"complete","took_s":0.012346}` + "\n" +
		`{"time":"2026-12-01T02:04:05.678901Z","key":"","account":"","tenant":"","deployment":"","method":"GET",` +
		`"path":"/v1/models","model":"","stream":false,"status":200,"limit":"","retry_after_s":null,"why":"unlimited","script":"",` +
		`"charged":{"requests":0,"estimated_tokens":0,"tokens":0},"prompt_tokens":0,"output_tokens":0,"end":"complete","took_s":0}` + "\n"
	if f.String() != want {
		t.Errorf("got\n%swant\n%s", f.String(), want)
	}
}

// Whatever a client sends, it cannot begin a line, end a string or steer the terminal of
// who reads the log; and who parses the log gets what was sent.
func TestLogInjection(t *testing.T) {
	for _, sent := range []string{"a\nb", "a\r\n{\"status\":200}", `","status":200,"x":"`, `\`, "\x1b[2J\x1b]0;title\x07", "\x7f", "\u009b2J", "\u202egnp.exe", "\u2028\u2029", "\U000e0001tag", "<b>&'é漢🙂", strings.Repeat("\u0085", 3)} {
		var f file
		l := NewLog(&f, map[string]string{"k": sent}, never(t))
		l.Record(mock.Record{Key: "k", Account: "a", Deployment: sent, Method: sent, Path: sent, Model: sent, Script: sent})
		l.Close()
		text, ended := strings.CutSuffix(f.String(), "\n")
		if !ended || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Errorf("%q: a line that is not of printable characters: %q", sent, text)
		}
		var got line
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%q: %v", sent, err)
		}
		for _, s := range []string{got.Deployment, got.Method, got.Path, got.Model, got.Script, got.Tenant} {
			if s != sent {
				t.Errorf("%q is read as %q", sent, s)
			}
		}
	}
}

// A line is in the file within a second.
func TestLogFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f file
		l := NewLog(&f, nil, never(t))
		defer l.Close()
		for i := range 20 {
			l.Record(refusal)
			time.Sleep(time.Second)
			if got := strings.Count(f.String(), "\n"); got != i+1 {
				t.Fatalf("%d lines after %d s", got, i+1)
			}
		}
	})
}

// A file that takes nothing makes no request wait, and the memory is bounded. What it
// lacks is counted.
func TestLogSlowFile(t *testing.T) {
	f := file{ready: make(chan struct{})}
	l := NewLog(&f, nil, never(t))
	const all = 60_000
	begin := time.Now()
	for range all {
		l.Record(refusal)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("%d requests took %v", all, took)
	}
	l.mu.Lock()
	if got := len(l.lines); got > mostUnwritten {
		t.Errorf("%d bytes are kept", got)
	}
	l.mu.Unlock()
	close(f.ready)
	lost := l.Close()
	if written := strings.Count(f.String(), "\n"); lost == 0 || int64(written)+lost != all {
		t.Errorf("%d lines written and %d lost of %d", written, lost, all)
	}
}

// A log whose file never takes anything ends all the same.
func TestLogStuckFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := file{ready: make(chan struct{})}
		l := NewLog(&f, nil, never(t))
		l.Record(refusal)
		time.Sleep(time.Minute) // it is being written
		l.Record(refusal)
		begin := time.Now()
		if lost := l.Close(); lost != 2 || time.Since(begin) > 10*time.Second {
			t.Errorf("%d lost after %v", lost, time.Since(begin))
		}
		close(f.ready)
	})
}

// An error of the file is told once, and what the file lacks is counted.
func TestLogFullFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errs []string
		f := file{takes: 1000} // two lines and a part of the third
		l := NewLog(&f, nil, func(err error) { errs = append(errs, err.Error()) })
		for range 3 {
			l.Record(refusal)
		}
		time.Sleep(time.Minute)
		for range 7 {
			l.Record(refusal)
			time.Sleep(time.Second)
		}
		lost, whole := l.Close(), int64(strings.Count(f.String(), "\n"))
		if len(errs) != 1 || errs[0] != "no space left" || whole+lost != 10 || whole == 0 || lost < 7 {
			t.Errorf("told %q; %d lines written, %d lost", errs, whole, lost)
		}
	})
}
