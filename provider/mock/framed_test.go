package mock

import (
	"net/http/httptest"
	"strings"
	"testing"

	"ratesim/provider/wire"
)

// An answer that is longer than what is kept in memory is sent in parts, between messages
// and never within one. No client without facts gets an answer of that length, so the test
// is inside the package.
func TestFramed(t *testing.T) {
	const tokens = 100_000
	w := httptest.NewRecorder()
	e := &exchange{w: w, output: tokens}
	rest := converseStyle{}.piece(nil, e, 0, tokens)
	if !e.spilled || len(rest) > piece+8*mostPerEvent {
		t.Errorf("%d bytes are left of %d", len(rest), len(rest)+w.Body.Len())
	}
	e.write(rest)
	words := 0
	for stream := w.Body.Bytes(); len(stream) > 0; {
		m, size, err := wire.ParseEvent(stream)
		if err != nil {
			t.Fatalf("after %d words: %v", words, err)
		}
		words += strings.Count(string(m.Payload), "ord")
		stream = stream[size:]
	}
	if words != tokens {
		t.Errorf("%d words, want %d", words, tokens)
	}
}
