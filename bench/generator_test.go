package bench_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"ratesim/bench"
	"ratesim/scenarios"
)

// trivialServer makes this program the server of BenchmarkGenerator.
const trivialServer = "RATESIM_TRIVIAL_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(trivialServer) == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = w.Write([]byte(`{"usage":{"prompt_tokens":10,"completion_tokens":1}}`))
	}))
}

// trivial starts a server in a process and, where taskset is, on a core of its own.
func trivial(b *testing.B) (url string) {
	args := []string{os.Args[0]}
	if taskset, err := exec.LookPath("taskset"); err == nil {
		args = []string{taskset, "-c", "0", os.Args[0]}
	}
	server := exec.CommandContext(b.Context(), args[0], args[1:]...)
	server.Env = append(os.Environ(), trivialServer+"=1", "GOMAXPROCS=1")
	server.Stderr = b.Output()
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line)
}

// BenchmarkGenerator asks for more and more calls a second, and tells how many
// were made and how late the last of them was. Run it on a core of its own:
// GOMAXPROCS=1 taskset -c 1 go test -run '^$' -bench Generator -benchtime 1x ./bench
func BenchmarkGenerator(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(bench.GCPercent))
	for _, rate := range []int{10_000, 20_000, 30_000, 40_000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			spec, err := scenarios.Parse("flood.yaml", fmt.Appendf(nil, `
name: flood
duration: 4s
drain: 4s
workload:
  - tenant: web
    arrivals: {process: constant, rate: %d/s}
    prompt_tokens: {dist: constant, value: 10}
    output_tokens: {dist: constant, value: 1}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1}
strategies: [jitter]
`, rate), scenarios.Options{})
			if err != nil {
				b.Fatal(err)
			}
			url := trivial(b)
			for b.Loop() {
				begin := time.Now()
				run, late, err := bench.Run(b.Context(), bench.Plan{Scenario: spec, Strategy: &spec.Strategies[0], URL: url, Key: "k", Start: begin})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(run.Succeeded)/time.Since(begin).Seconds(), "calls/s")
				b.ReportMetric(float64(late.Milliseconds()), "ms-late")
				b.ReportMetric(float64(run.NotSent), "not-sent")
				b.ReportMetric(float64(run.Calls-run.Succeeded), "failed")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
