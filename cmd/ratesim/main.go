// Ratesim replays traffic against the rate limits of LLM APIs and compares how
// clients may behave: retry at once, back off, pace, queue, read the headers,
// or buy provisioned capacity.
//
//	ratesim compare [SCENARIO]   replay one scenario against several strategies, side by side
//	ratesim claims [CLAIM]...    put what is said about rate limits to the test
//	ratesim herd                 thundering herd: N clients released at once
//	ratesim ptu [USAGE]          PTU or pay-as-you-go, from a usage log
//	ratesim capacity [USAGE]     which capacity to buy of which vendor, from a usage log
//	ratesim workload ...         describe usage logs, convert them, generate traces
//	ratesim ui [SCENARIO]        the comparison in a browser, with sliders
//	ratesim serve                the mock provider as an HTTP server
//	ratesim bench [SCENARIO]     the same scenario over real HTTP
//	ratesim report RESULT...     any report again from saved results, or what changed between two
//	ratesim init [FILE]          write a scenario file to start from
//	ratesim validate FILE...     check scenario files without running them
//	ratesim list [WHAT]          scenarios, strategies, metrics, providers, the schema and more
//	ratesim version              which program this is
//
// Results go to standard output, progress and errors to standard error. Exit
// codes: 0 done; 1 failed; 2 bad usage or bad input; 3 an expectation was not
// met; 4 not all rules of serve --conformance were tested; 130 interrupted, after
// what was finished has been reported.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(ratesim()) }

func ratesim() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	return run(ctx, os.Args[1:], terminal())
}
