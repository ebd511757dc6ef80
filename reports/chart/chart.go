// Package chart says what a picture shows, before anybody draws it: which rows,
// lines and marks, in which order and role, on which axes, under which sentence.
// Package picture draws a chart as PNG and SVG, package page as a part of an HTML
// page, so that both show the same.
//
// The title of a chart is the sentence that a reader shall be able to read off it.
// Strategies have roles instead of colours of their own: the chosen one, the best of
// those that cost less, oracle, and all others.
package chart

import "ratesim/reports/words"

// A Chart is one of the types of this package: [Ranking], [Curves], [Strips],
// [TimeSeries], [Scatter], [Bars].
type Chart interface {
	// Heading returns what every chart has.
	Heading() *Head
}

// Head is what every chart has.
type Head struct {
	Name  string   // short, of ASCII letters, digits and hyphens: a file's name and an anchor in a page
	Title string   // the sentence that can be read off the picture, without a full stop
	Notes []string // how to read it, in whole sentences, with the key of marks and colours
	Facts []string // scenario, provider, fleet, calls, replications, seed: for a picture that stands alone
}

// Heading implements Chart.
func (h *Head) Heading() *Head { return h }

// Role says what a row or a line is to the reader.
type Role uint8

// The roles.
const (
	Other   Role = iota
	Chosen       // by the verdict
	Cheaper      // the best of those that cost less than the chosen one
	Bound        // oracle, which no client can be
	Limit        // what a limit gives
	Load         // what is asked of a limit
	Before       // of another run, which is drawn pale behind this one
)

// Kind says what became of attempts or calls. Each kind has a colour of its own.
type Kind uint8

// The kinds, in the order in which bars stack them.
const (
	Admitted Kind = iota // answered
	Rejected             // answered with 429
	Lost                 // 5xx, broken connections, time-outs
	GivenUp              // calls that end without success
	Amount               // none of these: a sum of money, in the colour of its row
)

// An Axis maps values to places.
type Axis struct {
	Label string // with its unit
	Log   bool   // logarithmic; then Lo is positive
	Lo    float64
	Hi    float64
	Scale func(float64) words.Scale // how values are written
	Ticks []float64                 // in ascending order, within Lo and Hi
	Never bool                      // right of Hi there is a stripe for what is never reached
}

// A Ranking is a table of marks: a row for each strategy or option, best first, and
// panels side by side, each with an axis of its own.
type Ranking struct {
	Head
	Rows   []Row
	Panels []Panel
	Why    string // heading of the last column, of [Row.Why]; empty: there is none
}

// A Row is named once for all panels.
type Row struct {
	Name string
	Role Role
	Why  string // why it was not chosen, or that it was
}

// A Panel shows one thing of all rows. Where no row has marks, it is a column of texts.
// What lies right of the axis is cut, with an arrow. An axis that begins below 0 has a
// line at 0.
type Panel struct {
	Title string
	Axis  Axis
	Rows  []Marks // as many as rows
}

// Marks are what a panel shows of a row.
type Marks struct {
	Points []Point
	Parts  []Part // stacked from 0, in place of points
	Text   string // the number that is written beside the marks
}

// Shape is how a point is drawn.
type Shape uint8

// The shapes.
const (
	Dot    Shape = iota // the value that counts
	Tick                // a lesser value before it: half of the calls
	Ring                // a lesser value after it: 99 % of the calls
	Square              // a second value of the same thing: what was measured
	Pale                // the value that counts in another run, behind the others
)

// A Point is a value with its 95 % interval.
type Point struct {
	Shape  Shape
	At     float64
	Lo, Hi float64 // equal to At: no interval; Hi is +Inf where it may never be reached
	Never  bool    // it is never reached; At does not count
	Stem   bool    // a line from the left end of the axis to the point
	Text   string  // for a tooltip
}

// A Part is a part of a bar.
type Part struct {
	Kind  Kind
	Value float64
}

// Curves are lines over a common axis.
type Curves struct {
	Head
	X, Y  Axis
	Lines []Line
	Bands []Band
	Below *Curves // of another y axis over the same x axis; its head is empty
}

// A Line is one curve. Lines that are the same are one, under all their names. What
// lies outside the axes is cut.
type Line struct {
	Names  []string
	Role   Role
	X, Y   []float64
	Dashed bool
	Steps  bool   // horizontal until the next point
	Label  string // a number that is written before the names
}

// A Band is a stretch of the x axis that is of note: an outage, the best options.
type Band struct {
	From, To float64
	Label    string
}

// Strips show what happens over time: above, what is asked of a limit against what it
// gives; below, a strip for each strategy.
type Strips struct {
	Head
	Time  Axis // seconds
	Width float64
	Load  []Line // of roles Load and Limit, over the same time; empty: none
	LoadY Axis
	Bands []Band // faults
	Rows  []Strip
	Edges []float64 // the levels of colour, per second, ascending
}

// A Strip is one strategy over time, in steps of Strips.Width.
type Strip struct {
	Name     string
	Role     Role
	Rejected []float64 // 429s per second
	Lost     []float64 // other failures of attempts, per second
	GivenUp  []float64 // calls that end without success, per second
	Text     string    // counts, beside the strip
}

// A TimeSeries shows one metric of all strategies over time. Pages let the reader
// choose which; pictures leave these out.
type TimeSeries struct {
	Head
	Time   Axis
	Y      Axis
	Width  float64  // of a step, in seconds
	Series []Series // each as long as the time
	Bands  []Band
}

// A Series is a line of a TimeSeries.
type Series struct {
	Name   string
	Role   Role
	Values []float64 // one for each step
}

// A Scatter shows two metrics of each strategy against each other, and the steps that
// join those which nobody beats in both.
type Scatter struct {
	Head
	X, Y     Axis
	Points   []Spot
	Frontier []Spot // ascending in X
}

// A Spot is a strategy in a Scatter.
type Spot struct {
	Name  string
	Role  Role
	X, Y  float64
	Never bool // Y is never reached
}

// Bars show counts over time, stacked by kind, in a panel for each strategy, or for
// several that do exactly the same. All share the axes.
type Bars struct {
	Head
	Time   Axis
	Y      Axis
	Width  float64 // of a bar, in seconds
	Limit  float64 // what the limit gives, in the unit of Y; 0 = not known
	Label  string  // of that line
	Panels []BarPanel
}

// A BarPanel is one panel of Bars.
type BarPanel struct {
	Names  []string
	Role   Role
	Notes  []string    // what failed; the peaks
	Values [][]float64 // by Kind: Admitted, Rejected, Lost
}
