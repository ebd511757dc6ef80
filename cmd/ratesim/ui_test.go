package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The page is there once its address is printed, Ctrl-C ends it at once, also while it
// simulates, and nothing of it is left.
func TestUI(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	var errs bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"ui", "many-instances"}, streams{in: strings.NewReader(""), out: in, err: &errs})
	}()
	line := make([]byte, 1000)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`^ratesim ui: (http://127\.0\.0\.1:\d+/[A-Z2-7]{26}/)\n$`).FindSubmatch(line[:n])
	if address == nil {
		t.Fatalf("it prints %q", line[:n])
	}
	get := func(path string) *http.Response {
		w, err := http.Get(string(address[1]) + path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Body.Close() })
		return w
	}
	if w := get(""); w.StatusCode != http.StatusOK {
		t.Errorf("the page: %s", w.Status)
	}
	run := get("run?page=page-1")
	if _, err := io.ReadFull(run.Body, make([]byte, 20)); err != nil {
		t.Fatalf("the run sends nothing: %v", err)
	}
	cancel()
	select {
	case c := <-code:
		if c != exitDone || errs.Len() > 0 {
			t.Errorf("exit code %d, errors %q", c, errs.String())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on after it was interrupted")
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

func TestUIBadFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"ui", "--port", "70000"}, "--port takes 0 to 65535, got 70000"},
		{[]string{"ui", "launch-dya"}, `did you mean "launch-day"?`},
		{[]string{"ui", "a", "b"}, "takes one scenario"},
		{[]string{"ui", "--open", "--no-open"}, "--open and --no-open exclude each other"},
		{[]string{"ui", "--catalog", "none.csv"}, "none.csv"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), tt.args, streams{in: strings.NewReader(""), out: &out, err: &errs})
		if code != exitBadInput || !strings.Contains(errs.String(), tt.want) || out.Len() > 0 {
			t.Errorf("%v: exit code %d, errors %q, want %q", tt.args, code, errs.String(), tt.want)
		}
	}
}
