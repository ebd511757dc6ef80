package reports

import (
	"io"

	"ratesim/reports/chart"
	"ratesim/sim/metrics"
)

// A Reporter writes documents in one format: [Text], [Markdown], [CSV], [JSON], [JUnit]
// or [GitHub]. It cleans what comes from files and from users, so that no name can
// steer a terminal or pass for markup.
type Reporter interface {
	// Report writes d to w. The error is of w.
	Report(w io.Writer, d *Document) error
}

// The kinds of documents.
const (
	KindComparison = "comparison"
	KindHerd       = "herd"
	KindProviders  = "providers"
	KindCapacity   = "capacity"
	KindBench      = "bench"
	KindClaims     = "claims"
	KindDifference = "difference"
	KindArena      = "arena"
	KindWorkload   = "workload"
	KindTokens     = "tokens"
	KindFit        = "fit"
	KindTuning     = "tuning"
	KindGrades     = "grades"
)

// A Document is a report before it has a format: what was found, in sentences, tables
// and charts. Each kind of result becomes a Document once; each [Reporter] writes all
// kinds. Its texts are as they were found in the result, unescaped.
type Document struct {
	Kind  string // one of those above
	Name  string // of the scenario or the log
	About string // what the scenario is, in a sentence

	Title string   // the finding
	Lead  []string // the other sentences that a reader needs in order to act
	Facts []string // kind, provider, replications, seed, calls

	Assumed  []string          // what the reader did not say and might not mean
	Setting  []metrics.Setting // all that was assumed, by topic
	Tables   []Table
	Charts   []chart.Chart
	Lists    []List
	Legend   []string // how to read the tables, in sentences
	Warnings []string
	Checks   []Checklist

	Command string // that makes the same result again
	Hash    string // of every event of every run
	Version string // of ratesim

	Data    any        // the result; it is rounded as it is encoded to JSON
	Records [][]string // the rows of CSV, headings first: all metrics, as far as they are of one shape
}

// A Table is rows of cells under headings.
type Table struct {
	Title   string
	Of      string // the heading of the rows' names: strategy, option
	Columns []Column
	Rows    []Row
	Notes   []string // sentences about this table alone
	Checks  bool     // it sums up the checks of the document; where these are written out it is left out
}

// A Column is the heading of a table's column, and how it gives way.
type Column struct {
	Head, Sub string // two lines; Sub may be empty. Neighbours of the same Head are a group
	Rank      int    // where room is short, lower ranks stay; columns of one rank go together
	Spark     bool   // a line of characters over time, for terminals; others draw it, or leave it out
	Note      string // a sentence on how to read it, for where it is shown
}

// A Row is a line of a table.
type Row struct {
	Name  string
	Role  chart.Role
	Group bool   // a part of the row before it: a tenant, a size
	Title bool   // no cells: a heading within the table
	Cells []Cell // as many as columns
}

// A Cell is one value of a table.
type Cell struct {
	Num, Unit, Ends string  // as written: digits, unit, interval
	Sort            float64 // orders rows by this column; NaN sorts last
	Best            bool    // of its column, oracle aside
}

// A List is some sentences under a heading.
type List struct {
	Title string
	Items []string
}

// A Checklist is what was expected of a scenario, a provider or a client, or what a claim
// says, and what came of it.
type Checklist struct {
	Name    string // of the scenario, the provider, the claim or the API key
	Finding string // of a claim: that it holds, or when
	About   string // of a claim: the claim
	Notes   []string
	Items   []Check
}

// A Check is a line of a checklist.
type Check struct {
	Met    bool
	Chance bool   // nobody can be sure: it is met on average, but not in the whole of its interval
	Failed bool   // a gate must not let it pass: an expectation was missed, or a claim ends otherwise than recorded
	State  string // MET, MISSED; of the case of a claim yes, no or undecided, in capitals where that is not as recorded; of a rule its level
	Text   string // what was expected, or the case
	Value  string // what was found, with its interval
	Parts  []metrics.Expectation
	Lines  []string // sentences about it, and examples
}

// title is the heading of a column in one line.
func (c *Column) title() string {
	if c.Sub == "" {
		return c.Head
	}
	if c.Head == "" {
		return c.Sub
	}
	return c.Head + " " + c.Sub
}

// String is the cell in running text.
func (c Cell) String() string {
	if c.Ends == "" {
		return c.Num + c.Unit
	}
	return c.Num + c.Unit + " " + c.Ends
}
