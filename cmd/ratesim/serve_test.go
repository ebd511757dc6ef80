package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A background is a ratesim serve that a script has started.
type background struct {
	cmd      *exec.Cmd
	out, err *bytes.Buffer
	done     chan struct{} // closed when all of out has been read
}

// serve ARG... starts ratesim serve on free ports, and sets URL and ADMIN to its
// addresses when it has told them, and HOSTPORT to the first without http.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serve arg...")
	}
	path, err := exec.LookPath("ratesim")
	ts.Check(err)
	b := &background{cmd: exec.Command(path, append([]string{"serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args...)...),
		out: new(bytes.Buffer), err: new(bytes.Buffer), done: make(chan struct{})}
	b.cmd.Dir, b.cmd.Stderr = ts.MkAbs("."), b.err
	told, pipe := b.out, io.ReadCloser(nil)
	if slices.Contains(args, "-o") { // standard output has the report alone
		b.cmd.Stdout, b.cmd.Stderr, told = b.out, nil, b.err
		pipe, err = b.cmd.StderrPipe()
	} else {
		pipe, err = b.cmd.StdoutPipe()
	}
	ts.Check(err)
	ts.Check(b.cmd.Start())
	ts.Defer(func() { _ = b.cmd.Process.Kill() })
	lines := bufio.NewReader(pipe)
	for prefix, variable := range map[string]string{"listening on ": "URL", "admin on ": "ADMIN"} {
		ts.Setenv(variable, "")
		for ts.Getenv(variable) == "" {
			found := regexp.MustCompile("(?m)^" + prefix + "(.*)$").FindSubmatch(told.Bytes())
			if found != nil {
				ts.Setenv(variable, string(found[1]))
				break
			}
			line, err := lines.ReadString('\n')
			told.WriteString(line)
			if err != nil {
				_ = b.cmd.Wait()
				ts.Fatalf("ratesim serve ended: %s%s", b.out, b.err)
			}
		}
	}
	ts.Setenv("HOSTPORT", strings.TrimPrefix(ts.Getenv("URL"), "http://"))
	go func() {
		defer close(b.done)
		_, _ = io.Copy(told, lines)
	}()
	*ts.Value(started{}).(*background) = *b
}

// started is the key of what a script has started.
type started struct{}

// interrupt N interrupts what serve has started, fails unless its exit code is N, and
// writes its output to served.out and served.err.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	b := ts.Value(started{}).(*background)
	if neg || len(args) != 1 || b.cmd == nil {
		ts.Fatalf("usage: interrupt N, after serve")
	}
	ts.Check(b.cmd.Process.Signal(os.Interrupt))
	<-b.done
	_ = b.cmd.Wait() // the exit code says it
	ts.Check(os.WriteFile(ts.MkAbs("served.out"), b.out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("served.err"), b.err.Bytes(), 0o600))
	if got := strconv.Itoa(b.cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s\n%s%s", got, args[0], b.out, b.err)
	}
}

// request METHOD URL [BODY [KEY [CALL]]] sends a request and writes status line, headers
// and body of the answer to the file answer; @FILE is a body in a file, and CALL an
// idempotency key.
func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 5 {
		ts.Fatalf("usage: request method url [body [key [call]]]")
	}
	args = append(args, "", "", "")
	body := args[2]
	if name, ok := strings.CutPrefix(body, "@"); ok {
		body = ts.ReadFile(name)
	}
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
	ts.Check(err)
	if args[3] != "" {
		r.Header.Set("Authorization", "Bearer "+args[3])
	}
	if args[4] != "" {
		r.Header.Set("Idempotency-Key", args[4])
	}
	client := http.Client{Timeout: 20 * time.Second}
	answer, err := client.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	var b bytes.Buffer
	b.WriteString(answer.Status + "\n")
	ts.Check(answer.Header.Write(&b))
	b.WriteByte('\n')
	_, err = b.ReadFrom(answer.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")), 0o600))
}

// startServe starts ratesim serve in the background and returns the clients' address
// and what it prints after that.
func startServe(t *testing.T, args ...string) (cmd *exec.Cmd, url string, rest *bufio.Scanner) {
	t.Helper()
	cmd = program(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = t.Output()
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			url = address
		}
		if strings.HasPrefix(lines.Text(), "admin on ") {
			return cmd, url, lines
		}
	}
	t.Fatalf("no addresses: %v", lines.Err())
	return nil, "", nil
}

// ask sends a chat request and returns the status of its answer, 0 if it has none.
func ask(t *testing.T, url string) int {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"max_tokens":100}`))
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set("Authorization", "Bearer sk-1")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// The first Ctrl-C lets requests on their way be answered, and takes no more.
func TestDrain(t *testing.T) {
	cmd, url, _ := startServe(t, "--provider", "openai/gpt-4o@tier-1")
	status := make(chan int)
	go func() { status <- ask(t, url) }() // takes more than a second
	time.Sleep(200 * time.Millisecond)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if got := ask(t, url); got != 0 {
		t.Errorf("a request after Ctrl-C: status %d", got)
	}
	if got := <-status; got != http.StatusOK {
		t.Errorf("the request on its way: status %d", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// The second Ctrl-C waits for nobody.
func TestSecondInterrupt(t *testing.T) {
	faults := t.TempDir() + "/faults.yaml"
	if err := os.WriteFile(faults, []byte("- {kind: hang, rate: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, url, _ := startServe(t, "--provider", "openai/gpt-4o@tier-1", "--faults", faults)
	go ask(t, url)
	time.Sleep(200 * time.Millisecond)
	begin := time.Now()
	for range 2 {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err := cmd.Wait(); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("ended with %v after %v", err, time.Since(begin))
	}
}

// However many calls hang, the grades are printed, and say that nothing was tested.
func TestGradesWhateverHangs(t *testing.T) {
	faults := t.TempDir() + "/faults.yaml"
	if err := os.WriteFile(faults, []byte("- {kind: hang, rate: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, url, rest := startServe(t, "--provider", "openai/gpt-4o@tier-1", "--faults", faults, "--conformance", "--drain", "100ms")
	ended := make(chan int)
	go func() { ended <- ask(t, url) }()
	time.Sleep(200 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for rest.Scan() {
		printed.WriteString(rest.Text() + "\n")
	}
	if got := printed.String(); !strings.Contains(got, "sk-1: untested (1 requests for 1 calls") || !strings.Contains(got, "\nconformance: untested\n") {
		t.Errorf("printed\n%s", got)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitUntested {
		t.Error(err)
	}
	if got := <-ended; got != 0 {
		t.Errorf("the call that hung: status %d", got)
	}
}

// Whoever lets others reach the server is told so.
func TestExposed(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:0": false, "[::1]:0": false, "localhost:0": false, "0.0.0.0:0": true, ":0": true} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Log(err) // no IPv6 here
			continue
		}
		var errs bytes.Buffer
		warnExposed(&streams{err: &errs}, "--addr", l)
		l.Close()
		if strings.Contains(errs.String(), "other machines") != want {
			t.Errorf("%s: %q", address, errs.String())
		}
	}
}

// Whoever has more accounts than the server keeps is told so.
func TestCrowded(t *testing.T) {
	keys := map[string]string{"sk-1": "a", "sk-2": "a", "sk-3": "b"}
	for most, want := range map[int]bool{1: true, 2: false, 3: false} {
		var errs bytes.Buffer
		warnCrowded(&streams{err: &errs}, keys, most)
		if strings.Contains(errs.String(), "--keys has 2 accounts") != want {
			t.Errorf("at most %d: %q", most, &errs)
		}
	}
}
