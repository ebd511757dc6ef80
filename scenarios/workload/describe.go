package workload

import (
	"fmt"
	"time"

	"ratesim/sim/clock"
)

// Summary says what is in a trace.
type Summary struct {
	Format       string
	Rows         int64
	First, Last  clock.Time // First is 0 when times are dates
	PromptTokens uint64     // total
	OutputTokens uint64     // total
	MinPrompt    uint32     // of one row, as are those below
	MaxPrompt    uint32
	MaxOutput    uint32
	Declared     int64 // rows that declare max_tokens
	MinDeclared  uint32
	MaxDeclared  uint32
	Deadlines    int64            // rows that have a deadline
	Models       map[string]int64 // rows by the model that they name, of the first maxModels; nil when none names one
	Tenants      []string         // that the rows name, of the first maxLogNames, in the order of their first rows
	Warnings     []string         // what was left out
	// Kept are all rows, for Stream.Rows, where there are at most maxKept; else nil.
	Kept []Row
}

// maxKept bounds the rows of a trace that are kept: 32 MB. Every run of every strategy
// replays the trace, and to read a short one again takes as long as the run.
const maxKept = 1 << 20

// Span returns the time from the first row to the last.
func (s *Summary) Span() time.Duration { return s.Last.Sub(s.First) }

// Period returns the time after which a looped trace repeats: its span and one
// mean gap, so that the loop's mean rate is the trace's. A trace whose rows
// share one instant repeats after a second. To replay every row once, a
// scenario must last longer than Last; First + Period is the natural length.
func (s *Summary) Period() time.Duration {
	span := s.Span()
	if span == 0 {
		return time.Second
	}
	return span + max(1, span/time.Duration(s.Rows-1))
}

func (s *Summary) add(row *Row) {
	if s.Rows == 0 {
		s.First, s.MinPrompt = row.At, row.Prompt
	}
	s.Rows++
	s.Last = row.At
	s.PromptTokens += uint64(row.Prompt)
	s.OutputTokens += uint64(row.Output)
	s.MinPrompt = min(s.MinPrompt, row.Prompt)
	s.MaxPrompt = max(s.MaxPrompt, row.Prompt)
	s.MaxOutput = max(s.MaxOutput, row.Output)
	if row.Deadline > 0 {
		s.Deadlines++
	}
	if row.MaxTokens > 0 {
		if s.Declared == 0 {
			s.MinDeclared = row.MaxTokens
		}
		s.Declared++
		s.MinDeclared = min(s.MinDeclared, row.MaxTokens)
		s.MaxDeclared = max(s.MaxDeclared, row.MaxTokens)
	}
}

// name counts rows that name a model.
func (s *Summary) name(model string, rows int64) {
	if _, known := s.Models[model]; model == "" || !known && len(s.Models) == maxModels {
		return
	}
	if s.Models == nil {
		s.Models = map[string]int64{}
	}
	s.Models[model] += rows
}

// Describe reads the log from beginning to end, checks every row, and sums it up. It
// keeps the rows of a short one. A log that is written to afterwards is an error of Open.
// Errors are of type *FileError.
func (l *Log) Describe() (Summary, error) {
	var s Summary
	var kept []Row
	err := l.Each(&s, func(row *Row) {
		if s.Rows <= maxKept {
			kept = append(kept, *row)
		}
	})
	if s.Rows <= maxKept {
		s.Kept = kept
	}
	return s, err
}

// MaxLengths bounds the rows that ReadLengths keeps: 32 MB.
const MaxLengths = 4 << 20

// ReadLengths returns the sizes of all rows of a trace of at most MaxLengths
// rows, for Stream.Lengths. The name is as in Log. Errors are of type *FileError.
func ReadLengths(file string) ([]Length, error) {
	var s Summary
	var lengths []Length
	err := (&Log{Name: file}).Each(&s, func(row *Row) {
		if s.Rows <= MaxLengths {
			lengths = append(lengths, row.Length)
		}
	})
	if err == nil && s.Rows > MaxLengths {
		err = &FileError{File: file, Msg: fmt.Sprintf("has %d rows; the lengths of at most %d can be kept, so cut it or replay it", s.Rows, MaxLengths)}
	}
	if err != nil {
		return nil, err
	}
	return lengths, nil
}

// Each reads the log from beginning to end, sums it up in s, which is empty before, and calls
// do after each row. Errors are of type *FileError.
func (l *Log) Each(s *Summary, do func(*Row)) error {
	t, err := l.Open()
	if err != nil {
		return err
	}
	defer t.Close()
	s.Format = t.Format()
	last, run := "", int64(0) // the present model, and how many rows in a row name it
	var row Row
	for t.Next(&row) {
		s.add(&row)
		do(&row)
		if m := t.Model(); m != last {
			s.name(last, run)
			last, run = m, 0
		}
		run++
	}
	s.name(last, run)
	s.Warnings, s.Tenants = t.Warnings(), t.Tenants()
	l.InOrder = t.usage.InOrder()
	if t.file != nil && l.Read == nil {
		l.Read = t.file.seen
	}
	return t.Err()
}
