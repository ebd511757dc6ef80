package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"ratesim/reports"
	"ratesim/reports/page"
	"ratesim/reports/picture"
)

// outputs are the formats of -o.
var outputs = []string{"table", "json", "csv", "markdown", "html", "junit", "github"}

const outputUsage = "`FORMAT` of the result: table, json, csv, markdown, html, junit or github (annotations, and a summary of the job)"

// output is where a command's report goes, and in which format.
type output struct {
	format string // one of outputs
	dir    string // of the files of the report; empty: none
	color  bool
	// explain adds what makes up the cost.
	explain bool
}

func (f *common) target() output { return output{f.output, f.dir, !f.noColor, f.explain} }

// report prints a document in the format asked for, and writes the files of its report
// with its page and its pictures.
func (o output) report(s *streams, d *reports.Document, files ...reports.File) error {
	if o.explain {
		reports.ExplainCost(d)
	}
	r, done, err := o.reporter(s)
	if err != nil {
		return err
	}
	if err := r.Report(s.out, d); err != nil {
		return err
	}
	if err := done(); err != nil {
		return err
	}
	if o.format == "csv" { // which has no place for warnings
		for _, text := range d.Warnings {
			fmt.Fprintf(printable{s.err}, "ratesim: warning: %s\n", text)
		}
	}
	if o.dir == "" {
		return nil
	}
	html := reports.File{Name: "report.html", Write: func(w io.Writer) error { return page.HTML{}.Report(w, d) }}
	return reports.WriteDir(o.dir, slices.Concat([]reports.File{reports.ResultFile(d), html}, files, pictureFiles(d)))
}

// reporter returns what writes the format asked for, and what ends it.
func (o output) reporter(s *streams) (r reports.Reporter, done func() error, err error) {
	done = func() error { return nil }
	switch o.format {
	case "json":
		return reports.JSON{}, done, nil
	case "csv":
		return reports.CSV{}, done, nil
	case "markdown":
		return reports.Markdown{}, done, nil
	case "html":
		return page.HTML{}, done, nil
	case "yaml":
		return reports.Scenario{}, done, nil
	case "junit":
		return reports.JUnit{}, done, nil
	case "github":
		path := os.Getenv("GITHUB_STEP_SUMMARY")
		if path == "" {
			return reports.GitHub{}, done, nil
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("opening the file that GITHUB_STEP_SUMMARY names: %w", err)
		}
		return reports.GitHub{Summary: f}, f.Close, nil
	}
	return reports.Text{Width: s.width, Color: s.color && o.color}, done, nil
}

// pictureFiles are the pictures of a document as PNG and SVG.
func pictureFiles(d *reports.Document) []reports.File {
	var files []reports.File
	for _, p := range picture.Of(d.Charts) {
		files = append(files, reports.File{Name: p.Name + ".png", Write: p.WritePNG}, reports.File{Name: p.Name + ".svg", Write: p.WriteSVG})
	}
	return files
}
