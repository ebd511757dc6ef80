package situations

import (
	_ "embed"
	"slices"
	"strings"

	"ratesim/provider/catalog"
)

// listed are the references of the deployments that situations have. The catalog grows, and
// a seed must go on meaning the same situations: results of different months can then be
// compared. Adding a line changes the situations of every seed.
//
//go:embed deployments.txt
var listed string

// deployments returns the rows of the catalog that situations have, in the order of the
// list, and after them those that a user has added.
func deployments(known *catalog.Catalog) []catalog.Row {
	places := map[string]int{}
	for ref := range strings.Lines(listed) {
		places[strings.TrimSpace(ref)] = len(places)
	}
	rows := make([]catalog.Row, len(places))
	for _, r := range known.List() {
		if i, ok := places[r.Ref]; ok {
			rows[i] = r
		} else if r.Own {
			rows = append(rows, r)
		}
	}
	return slices.DeleteFunc(rows, func(r catalog.Row) bool { return r.Ref == "" })
}
