package workload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A log that is written to after it was described, or while it is read, ends the run: the
// strategies would meet different calls.
func TestLogWrittenDuringRun(t *testing.T) {
	const rows = "time,prompt_tokens,output_tokens\n0,10,1\n1,10,1\n"
	path := filepath.Join(t.TempDir(), "log.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "has been written to") {
			t.Errorf("%s: %v", what, err)
		}
	}
	write(rows)
	log := &Log{Name: path}
	if _, err := log.Describe(); err != nil {
		t.Fatal(err)
	}
	if r, err := log.Open(); err != nil {
		t.Errorf("unchanged: %v", err)
	} else {
		write(rows + "2,10,1\n")
		var row Row
		for r.Next(&row) {
		}
		refused("while it is read", r.Err())
		r.Close()
	}
	_, err := log.Open()
	refused("afterwards", err)
}
