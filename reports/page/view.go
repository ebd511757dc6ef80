package page

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ratesim/reports"
	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// A view is what the templates show.
type view struct {
	*reports.Document
	Style  template.CSS
	Script template.JS
	Policy string

	Title    []run
	Long     bool // the title needs smaller letters
	Lead     [][]run
	Facts    []string
	Figures  []group
	Tables   []tableView
	Settings []topic
	JSON     data
	CSV      data
}

// data is what the page can save: JSON, in which <, > and & are escapes, as package json
// writes them, so that no tag ends it.
type data struct {
	Text   template.JS
	Packed template.HTML // the same in gzip and base64, where it is long
}

// A run is a piece of a sentence; the names of strategies that stand out have a class.
type run struct{ Class, Text string }

// A figure is one chart.
type figure struct {
	*chart.Head
	Kind string
	View any
}

// A group is figures that stand side by side where there is room.
type group struct {
	Side    bool
	Figures []figure
}

type topic struct {
	Name  string
	Lines []metrics.Setting
}

// long is from which length on data is compressed. Shorter data stands in the page as it
// is, for other programs to read; the page of 40 strategies stays below 1 MB.
const long = 500_000

func viewOf(d *reports.Document) (*view, error) {
	v := &view{Document: d, Facts: d.Facts}
	if len(v.Facts) > 0 && v.Facts[0] == d.Name { // it stands above the title
		v.Facts = v.Facts[1:]
	}
	roles := rolesOf(d)
	v.Title, v.Long = mention(d.Title, roles), utf8.RuneCountInString(d.Title) > 130
	for _, s := range d.Lead {
		v.Lead = append(v.Lead, mention(s, roles))
	}
	for _, c := range d.Charts {
		f, err := figureOf(c)
		if err != nil {
			return nil, err
		}
		side := f.Kind == "timeseries" || f.Kind == "scatter"
		if n := len(v.Figures); side && n > 0 && v.Figures[n-1].Figures[0].Kind == f.Kind {
			v.Figures[n-1].Figures = append(v.Figures[n-1].Figures, f)
			continue
		}
		v.Figures = append(v.Figures, group{side, []figure{f}})
	}
	for i := range d.Tables {
		if !d.Tables[i].Checks || len(d.Checks) == 0 {
			v.Tables = append(v.Tables, tableOf(&d.Tables[i]))
		}
	}
	for _, s := range d.Setting {
		i := slices.IndexFunc(v.Settings, func(t topic) bool { return t.Name == s.Topic })
		if i < 0 {
			i = len(v.Settings)
			v.Settings = append(v.Settings, topic{Name: s.Topic})
		}
		v.Settings[i].Lines = append(v.Settings[i].Lines, s)
	}
	return v, v.embed()
}

// embed puts into the page what the other formats say.
func (v *view) embed() error {
	var text, compact, quoted bytes.Buffer
	if v.Data != nil {
		if err := (reports.JSON{}).Report(&text, v.Document); err != nil {
			return err
		}
		if err := json.Compact(&compact, text.Bytes()); err != nil {
			return fmt.Errorf("writing the result into the page: %w", err)
		}
	}
	if v.Records != nil {
		text.Reset()
		if err := (reports.CSV{}).Report(&text, v.Document); err != nil {
			return err
		}
		if err := json.NewEncoder(&quoted).Encode(text.String()); err != nil {
			return fmt.Errorf("writing CSV into the page: %w", err)
		}
	}
	if compact.Len()+quoted.Len() <= long {
		v.JSON.Text, v.CSV.Text = template.JS(compact.String()), template.JS(quoted.String())
		return nil
	}
	var err error
	if v.JSON.Packed, err = pack(compact.Bytes()); err == nil {
		v.CSV.Packed, err = pack(quoted.Bytes())
	}
	return err
}

// pack writes data in gzip and base64.
func pack(text []byte) (template.HTML, error) {
	if len(text) == 0 {
		return "", nil
	}
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write(text); err != nil {
		return "", fmt.Errorf("compressing the result: %w", err)
	}
	if err := zip.Close(); err != nil {
		return "", fmt.Errorf("compressing the result: %w", err)
	}
	return template.HTML(base64.StdEncoding.EncodeToString(out.Bytes())), nil
}

func figureOf(c chart.Chart) (figure, error) {
	f := figure{Head: c.Heading()}
	switch c := c.(type) {
	case *chart.Ranking:
		f.Kind, f.View = "ranking", rankingOf(c)
	case *chart.Curves:
		f.Kind, f.View = "curves", curvesOf(c, curveHeight)
	case *chart.Strips:
		f.Kind, f.View = "strips", stripsOf(c)
	case *chart.TimeSeries:
		f.Kind, f.View = "timeseries", timeSeriesOf(c)
	case *chart.Scatter:
		f.Kind, f.View = "scatter", scatterOf(c)
	case *chart.Bars:
		f.Kind, f.View = "bars", barsOf(c)
	default:
		return f, fmt.Errorf("a page cannot draw a chart of type %T", c)
	}
	return f, nil
}

// rolesOf finds the strategies that stand out.
func rolesOf(d *reports.Document) map[string]chart.Role {
	out := map[string]chart.Role{}
	add := func(name string, r chart.Role) {
		if name = words.Printable(name); name != "" && (r == chart.Chosen || r == chart.Cheaper) {
			out[name] = r
		}
	}
	for _, t := range d.Tables {
		for _, r := range t.Rows {
			if !r.Group && !r.Title {
				add(r.Name, r.Role)
			}
		}
	}
	for _, c := range d.Charts {
		if c, ok := c.(*chart.Ranking); ok {
			for _, r := range c.Rows {
				add(r.Name, r.Role)
			}
		}
	}
	return out
}

// mention cuts a sentence at the names of strategies that stand out.
func mention(s string, roles map[string]chart.Role) []run {
	s = say(s)
	list := make([]string, 0, len(roles))
	for n := range roles {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b string) int { // longest first, for "jitter-full" begins with "jitter"
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var out []run
	begin := 0
	for i := 0; i < len(s); {
		k := slices.IndexFunc(list, func(n string) bool { return strings.HasPrefix(s[i:], n) && apart(s, i, i+len(n)) })
		if k < 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		if begin < i {
			out = append(out, run{Text: s[begin:i]})
		}
		n := list[k]
		out = append(out, run{class(roles[n]), n})
		i += len(n)
		begin = i
	}
	if begin < len(s) {
		out = append(out, run{Text: s[begin:]})
	}
	return out
}

// apart reports whether no word goes on at either end of s[from:to].
func apart(s string, from, to int) bool {
	inWord := func(r rune) bool {
		return r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	return (from == 0 || !inWord(before)) && (to == len(s) || !inWord(after))
}

// A tableView is a table of numbers.
type tableView struct {
	*reports.Table
	Heads []tableHead
	Rows  []tableRow
	Notes []string
}

type tableHead struct {
	reports.Column
	Sort bool
}

type tableRow struct {
	reports.Row
	Class string
	Cells []tableCell
}

type tableCell struct {
	reports.Cell
	Sort string
}

// tableOf leaves out what is drawn with characters: the charts show it.
func tableOf(t *reports.Table) tableView {
	out := tableView{Table: t, Notes: t.Notes}
	for _, c := range t.Columns {
		if !c.Spark {
			out.Heads = append(out.Heads, tableHead{Column: c})
			if c.Note != "" {
				out.Notes = append(slices.Clip(out.Notes), c.Note)
			}
		}
	}
	for _, r := range t.Rows {
		row := tableRow{Row: r, Class: class(r.Role)}
		if r.Group {
			row.Class += " part"
		}
		for k, c := range r.Cells {
			if k < len(t.Columns) && t.Columns[k].Spark {
				continue
			}
			cell := tableCell{c, number(c.Sort)}
			if n := len(row.Cells); n < len(out.Heads) && cell.Sort != "" {
				out.Heads[n].Sort = true
			}
			row.Cells = append(row.Cells, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
