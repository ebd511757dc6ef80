package workload

import (
	"testing"
	"unsafe"
)

// The memory that the docs state.
func TestHeldRowSize(t *testing.T) {
	if got := unsafe.Sizeof(heldRow{}) * 2 * MaxDisorder; got > 106e6 {
		t.Errorf("the rows held take %d bytes, want at most 106 MB", got)
	}
}
