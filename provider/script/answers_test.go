package script

import "testing"

func TestBook(t *testing.T) {
	b := NewBook([]Answer{
		{Match: Match{Model: "m"}, Last: "rain", Times: 1},
		{Match: Match{Contains: "sun"}},
		{Last: "rain"},
	})
	for i, tt := range []struct {
		a    Attempt
		last string
		want int
	}{
		{Attempt{Model: "m", Prompt: "will it rain"}, "will it rain", 0},
		{Attempt{Model: "m", Prompt: "will it rain"}, "will it rain", 2},
		{Attempt{Model: "n", Prompt: "sun and rain"}, "rain", 1},
		{Attempt{Model: "n", Prompt: "rain before"}, "snow", -1},
	} {
		if got := b.Take(&tt.a, tt.last); got != tt.want {
			t.Errorf("request %d: answer %d, want %d", i, got, tt.want)
		}
	}
	b.Return(0)
	if got := b.Take(&Attempt{Model: "m", Prompt: "rain"}, "rain"); got != 0 {
		t.Errorf("what was returned is not taken again: %d", got)
	}
	if given := b.Given(); given[0].Calls != 1 || given[1].Calls != 1 || given[2].Calls != 1 {
		t.Errorf("%+v", given)
	}
	if !b.ReadsLast() || NewBook([]Answer{{Text: "x"}}).ReadsLast() {
		t.Error("who asks for the last message?")
	}
}
