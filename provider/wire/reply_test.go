package wire_test

import (
	"testing"
	"time"

	"ratesim/provider/wire"
)

// A reset told as an instant has come nearer when the client reads it; what was
// not told stays so, and nothing lies in the past.
func TestInstantsAge(t *testing.T) {
	r := wire.Reply{Requests: wire.Quota{Reset: 3 * time.Second}, Tokens: wire.Quota{Reset: time.Second}}
	r.Age(2 * time.Second)
	if r.Requests.Reset != time.Second || r.Tokens.Reset != 0 {
		t.Errorf("after 2 s: %v and %v", r.Requests.Reset, r.Tokens.Reset)
	}
	r.Tokens = wire.NoQuota
	if r.Age(time.Second); r.Tokens != wire.NoQuota {
		t.Errorf("nothing told has become %+v", r.Tokens)
	}
}
