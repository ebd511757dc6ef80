//go:build unix

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The first interrupt ends a command that waits for the writer of a named pipe.
func TestInterruptedNamedPipe(t *testing.T) {
	for _, args := range [][]string{{"compare"}, {"validate"}, {"report"}, {"ptu"}, {"workload", "describe"}, {"workload", "convert"}, {"workload", "generate"}, {"claims"},
		{"compare", "--catalog"}, {"list", "providers", "--catalog"}, {"serve", "--keys"}, {"serve", "--faults"}} {
		pipe := filepath.Join(t.TempDir(), "pipe.csv")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(200*time.Millisecond, cancel)
		ended := make(chan int, 1)
		var out, errs bytes.Buffer
		go func() {
			ended <- run(ctx, append(args, pipe), streams{in: strings.NewReader(""), out: &out, err: &errs})
		}()
		select {
		case code := <-ended:
			if code != exitInterrupted && ctx.Err() != nil {
				t.Errorf("%s: exit code %d, errors %q", args, code, errs.String())
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s does not hear the interrupt", args)
		}
	}
}
