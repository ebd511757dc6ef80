package workload

import "time"

// screen checks what every row must obey. It leaves out bad rows, where that was asked
// for, and counts them.
type screen struct {
	in    *input
	rows  reader
	skips bool
	bad   int64
	first *note // the first bad row
}

func (s *screen) next(it *item) bool {
	for {
		if s.rows.next(it) && s.check(it) {
			return true
		}
		e := s.in.err
		if e == nil || s.in.ended || !s.skips {
			return false
		}
		if s.bad == 0 {
			s.first = s.in.note(e.Msg + "; the row is left out")
			s.first.column = e.Column
		}
		s.bad++
		s.first.add(e.Line)
		s.in.err = nil
	}
}

// check holds a row against what is possible.
func (s *screen) check(it *item) bool {
	switch y := it.Start.Year(); {
	case y < 1970 || y > 2200:
		return s.in.fail(it.Line, 0, "time %s must be from 1970 to 2200", it.Start.Format(time.DateTime))
	case it.Cached > it.Prompt:
		return s.in.fail(it.Line, 0, "%d of %d prompt tokens are cached; cached tokens are a part of them", it.Cached, it.Prompt)
	}
	return true
}
