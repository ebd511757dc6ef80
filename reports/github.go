package reports

import (
	"fmt"
	"io"
	"strings"

	"ratesim/reports/words"
)

// GitHub writes documents as commands of a workflow run, which GitHub shows as
// annotations: an error for each check that failed, a warning for each that may have
// passed by chance and for each warning, and a notice of what was found.
type GitHub struct {
	Summary io.Writer // the summary of the job, in Markdown; nil: none
}

// Report implements Reporter.
func (g GitHub) Report(w io.Writer, d *Document) error {
	var b strings.Builder
	command := func(level, title, text string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, workflowProperty(title), workflowText(text))
	}
	for i := range d.Checks {
		list := &d.Checks[i]
		for k := range list.Items {
			item := &list.Items[k]
			text := item.Text + " (" + strings.Join(found(item), "; ") + ")"
			switch {
			case item.Failed:
				command("error", list.Name+": "+item.State, text)
			case item.Chance && item.Met:
				command("warning", list.Name+": may be chance", text)
			case item.Chance:
				command("warning", list.Name+": "+item.State, text)
			}
		}
	}
	for _, text := range d.Warnings {
		command("warning", d.Name, text)
	}
	command("notice", d.Name, strings.Join(append([]string{d.Title}, d.Lead...), "\n"))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing workflow commands: %w", err)
	}
	if g.Summary == nil {
		return nil
	}
	return Markdown{}.Report(g.Summary, d)
}

// workflowText keeps text from ending a command and from beginning another one.
func workflowText(s string) string {
	var lines []string
	for l := range strings.Lines(s) {
		lines = append(lines, words.Printable(strings.TrimSuffix(l, "\n")))
	}
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.Join(lines, "\n"))
}

// workflowProperty also keeps it from ending a property.
func workflowProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(workflowText(words.Printable(s)))
}
