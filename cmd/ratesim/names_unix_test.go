//go:build unix

package main

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe is not opened a second time: nobody may ever write to it again.
func TestPipeIsNoLog(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	log := make(chan bool, 1)
	go func() { log <- isLog(pipe) }()
	select {
	case is := <-log:
		if is {
			t.Error("a pipe is taken for a log")
		}
	case <-time.After(10 * time.Second):
		t.Error("waits for a writer")
	}
}
