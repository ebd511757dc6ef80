// Package presets has strategies that are copied from elsewhere, with their faults: what
// client libraries do out of the box, and the code of an article and of a paper as it is
// published.
//
// Most of them are a retry loop (sdk.go). The loops differ from each other, so they are a
// table of functions (presets.go). Some libraries and articles hold calls back before such
// a loop: articlebucket.go, crew.go, credits.go, cubic.go and processor.go. Where calls poll, most
// polls are computed and not simulated one by one (places.go, articlebucket.go). The
// paper's strategies use the dispatcher of the package strategies (paper.go).
//
// To add one, write its file, add its row in presets.go, and add a script to testdata that
// shows what it does.
package presets
