package workload

import (
	"testing"
	"unsafe"
)

// The memory that the docs state.
func TestHeldRowSize(t *testing.T) {
	if got := unsafe.Sizeof(heldRow{}) * 2 * MaxDisorder; got > 77e6 {
		t.Errorf("the rows held take %d bytes, want at most 77 MB", got)
	}
}
