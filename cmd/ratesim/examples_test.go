//go:build unix

package main

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// workflow is what of a workflow of GitHub Actions its runner would read.
type workflow struct {
	Jobs map[string]struct{ Steps []step }
}

type step struct {
	Name      string
	Uses      string
	Run       string
	If        string
	Directory string `yaml:"working-directory"`
	Env       map[string]string
}

// runner runs the steps of a workflow in a folder of its own, as GitHub's does: each script
// with bash -e, and with the variables that steps before it have set. What "uses" names
// needs the network, so it is not run: the repositories are where checkout would put them.
type runner struct {
	t         *testing.T
	workspace string
	temp      string
	env       []string
}

func newRunner(t *testing.T) *runner {
	r := &runner{t: t, workspace: t.TempDir(), temp: t.TempDir()}
	home, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(home, filepath.Join(r.workspace, "ratesim")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(r.workspace, "service"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // of a test that fails, the server
		text, _ := os.ReadFile(filepath.Join(r.temp, "pid"))
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && t.Failed() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	r.env = append(os.Environ(), "RUNNER_TEMP="+r.temp, "GITHUB_ENV="+r.temp+"/env", "GITHUB_STEP_SUMMARY="+r.temp+"/summary")
	return r
}

// run runs a script and returns what it prints and its exit code.
func (r *runner) run(s *step) (printed string, code int) {
	script := filepath.Join(r.t.TempDir(), "script.sh")
	if err := os.WriteFile(script, []byte(s.Run), 0o600); err != nil {
		r.t.Fatal(err)
	}
	out, err := os.Create(script + ".out") // and no pipe, which what the step leaves behind would hold open
	if err != nil {
		r.t.Fatal(err)
	}
	defer out.Close()
	c := exec.Command("bash", "-e", script)
	c.Dir, c.Stdout, c.Stderr, c.Env = filepath.Join(r.workspace, s.Directory), out, out, slices.Clone(r.env)
	for name, value := range s.Env {
		c.Env = append(c.Env, name+"="+value)
	}
	_ = c.Run() // the exit code says it
	set, err := os.ReadFile(filepath.Join(r.temp, "env"))
	if err == nil {
		r.env = append(r.env, strings.Fields(string(set))...)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text), c.ProcessState.ExitCode()
}

// variable returns what the steps have set.
func (r *runner) variable(name string) string {
	for _, set := range slices.Backward(r.env) {
		if value, ok := strings.CutPrefix(set, name+"="); ok {
			return value
		}
	}
	r.t.Fatalf("no step sets %s", name)
	return ""
}

// send sends a request and returns the status of its answer.
func send(t *testing.T, method, url, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk-test")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// The steps of the workflow build the program, start it, tell the tests where it is, and
// end with its grade. The tests of the service need the network for their packages, so the
// client is played here: one that waits as long as it is asked to, and one that does not.
func TestWorkflow(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/examples/client-tests.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	steps := w.Jobs["client"].Steps
	i := slices.IndexFunc(steps, func(s step) bool { return s.Name == "Build ratesim" })
	if i < 0 {
		t.Fatal("no step builds ratesim")
	}
	built := newRunner(t)
	if printed, code := built.run(&steps[i]); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", steps[i].Run, code, printed)
	}
	const body = `{"model":"gpt-4o-mini","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`
	for name, tt := range map[string]struct {
		wait time.Duration
		want int
	}{"patient": {1100 * time.Millisecond, exitDone}, "hasty": {0, exitUnmet}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			if err := os.Link(built.temp+"/ratesim", r.temp+"/ratesim"); err != nil {
				t.Fatal(err)
			}
			played, graded := false, false
			for _, s := range steps {
				switch s.Name {
				case "Build ratesim":
				case "Run the tests":
					url := r.variable("OPENAI_BASE_URL") + "/chat/completions"
					if got := send(t, http.MethodPut, r.variable("RATESIM_ADMIN")+"/scripts", "- replies: [{status: 429, retry_after: 1s}, 200]"); got != 204 {
						t.Errorf("setting a script: %d", got)
					}
					first := send(t, http.MethodPost, url, body)
					time.Sleep(tt.wait)
					if second := send(t, http.MethodPost, url, body); first != 429 || second != 200 {
						t.Errorf("the script gives %d and %d", first, second)
					}
					played = true
				case "":
					if !strings.HasPrefix(s.Uses, "actions/") {
						t.Errorf("a step neither has a name nor uses an action: %+v", s)
					}
				default:
					printed, code := r.run(&s)
					graded = s.Name == "Grade the client"
					if want := map[bool]int{true: tt.want}[graded]; code != want {
						t.Fatalf("%s: exit code %d, want %d\n%s", s.Name, code, want, printed)
					}
					if graded && !strings.Contains(printed, "conformance: "+map[int]string{exitDone: "pass", exitUnmet: "fail"}[code]) {
						t.Errorf("the grade is not printed:\n%s", printed)
					}
				}
			}
			if !played || !graded {
				t.Errorf("the tests were run: %v; the client was graded: %v", played, graded)
			}
			r.left()
		})
	}
}

// left holds what the steps have left against what they should: a summary, and the log
// that is uploaded when the job fails.
func (r *runner) left() {
	summary, err := os.ReadFile(filepath.Join(r.temp, "summary"))
	if err != nil || !strings.Contains(string(summary), "conformance: ") {
		r.t.Errorf("the summary is %q, %v", summary, err)
	}
	log, err := os.ReadFile(filepath.Join(r.temp, "requests.jsonl"))
	if err != nil || strings.Count(string(log), "\n") != 2 {
		r.t.Errorf("the log is %q, %v", log, err)
	}
}

// instruction returns the arguments of the last instruction of that name in a container
// file.
func instruction(t *testing.T, file, name string) string {
	found := regexp.MustCompile(`(?m)^`+name+` (.*)$`).FindAllStringSubmatch(file, -1)
	if found == nil {
		t.Fatalf("the container file has no %s", name)
	}
	return found[len(found)-1][1]
}

// The container file builds a program that needs nothing of the empty image that it is put
// into, and what it starts answers clients. There is no container engine here: its RUN is
// run in the repository, and its ENTRYPOINT and CMD as its USER in an empty root, on free
// ports.
func TestContainerFile(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program anew, without cgo")
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/examples/Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	file, image := string(text), t.TempDir()
	build := instruction(t, file, "RUN")
	if strings.Count(build, " -o /ratesim ") != 1 {
		t.Fatalf("the program is not built as /ratesim: %s", build)
	}
	c := exec.Command("sh", "-c", strings.Replace(build, " -o /ratesim ", " -o '"+image+"/ratesim' ", 1))
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	if instruction(t, file, "FROM") != "scratch" || instruction(t, file, "COPY") != "--from=build /ratesim /ratesim" {
		t.Error("the image is more than the program")
	}
	static(t, image+"/ratesim")

	var args, more []string
	for name, into := range map[string]*[]string{"ENTRYPOINT": &args, "CMD": &more} {
		if err := json.Unmarshal([]byte(instruction(t, file, name)), into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	args = append(args, more...)
	for i, arg := range args {
		if _, port, ok := strings.Cut(arg, "0.0.0.0:"); ok {
			if !slices.Contains(strings.Fields(instruction(t, file, "EXPOSE")), port) {
				t.Errorf("EXPOSE does not name port %s", port)
			}
			args[i] = "127.0.0.1:0"
		}
	}
	c = inImage(t, image, instruction(t, file, "USER"), args)
	pipe, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }() // it has ended, unless the test fails
	lines, url := bufio.NewScanner(pipe), ""
	for url == "" && lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "listening on ")
	}
	if got := send(t, http.MethodPost, url+"/v1/chat/completions", `{"model":"gpt-4o-mini","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`); got != http.StatusOK {
		t.Errorf("a request is answered with %d", got)
	}
	stopContainer(t, c)
	for lines.Scan() {
	}
	if err := c.Wait(); err != nil || strings.Count(errs.String(), `"path":"/v1/chat/completions"`) != 1 {
		t.Errorf("it ended with %v:\n%s", err, &errs)
	}
}

// static fails unless a program needs neither an interpreter nor a library.
func static(t *testing.T, name string) {
	t.Helper()
	f, err := elf.Open(name)
	if err != nil {
		t.Skipf("not an ELF program, so it is no container's: %v", err) // on another system
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q, %v", name, libraries, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s needs an interpreter", name)
		}
	}
}

// inImage returns a program as a container runs it: it sees only the files of its image, is
// its user and has no variables. Where this is not allowed, which takes root, the program
// is run where it is.
func inImage(t *testing.T, image, user string, args []string) *exec.Cmd {
	var uid, gid uint32
	if _, err := fmt.Sscanf(user, "%d:%d", &uid, &gid); err != nil || uid == 0 || gid == 0 {
		t.Fatalf("the user %q is not one by number that is not root: %v", user, err)
	}
	if os.Geteuid() != 0 {
		t.Log("not root: the program is not shut into its image")
		return &exec.Cmd{Path: filepath.Join(image, args[0]), Args: args, Dir: image, Env: []string{}}
	}
	return &exec.Cmd{Path: args[0], Args: args, Dir: "/", Env: []string{},
		SysProcAttr: &syscall.SysProcAttr{Chroot: image, Credential: &syscall.Credential{Uid: uid, Gid: gid}}}
}

// stopContainer stops a program as docker stop does.
func stopContainer(t *testing.T, c *exec.Cmd) {
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
