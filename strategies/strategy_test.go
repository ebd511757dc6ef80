package strategies_test

import (
	"testing"
	"unsafe"

	"ratesim/strategies"
)

// TestCallIsOneCacheLine: drivers keep millions.
func TestCallIsOneCacheLine(t *testing.T) {
	if n := unsafe.Sizeof(strategies.Call{}); n != 64 {
		t.Errorf("a Call is %d bytes long, want 64", n)
	}
}
