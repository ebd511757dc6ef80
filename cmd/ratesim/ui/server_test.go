package ui

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
)

// served is the server of a test that shows a scenario first, and its address.
func served(t *testing.T, scenario string) (*server, string) {
	t.Helper()
	file, err := scenarios.Open(scenario, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(Config{Catalog: catalog.Embedded(), Start: file, Name: scenario}, nil)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(s.handler())
	s.hosts = []string{web.Listener.Addr().String()}
	web.Start()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.files.dir); !os.IsNotExist(err) {
			t.Errorf("the folder of uploads is left: %v", err)
		}
	})
	return s, web.URL + "/" + s.token + "/"
}

// quick is a scenario that runs in an instant: twice as much as the limit allows.
const quick = `
name: quick
about: twice as much as the limit allows
duration: 1m
drain: 1m
workload:
  - {tenant: web, arrivals: {process: poisson, rate: 2/s}, prompt_tokens: 100, output_tokens: 50, max_tokens: 64, deadline: 30s}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 60}}
strategies: [none, naive, jitter, header-aware]
`

func quickFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "quick.yaml")
	if err := os.WriteFile(path, []byte(quick), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ask sends a request as a browser on the page would, changed by change.
func ask(t *testing.T, method, address string, body io.Reader, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w, string(text)
}

// Only who knows the token, calls this machine by its own name and comes from the page
// itself is let in.
func TestGuard(t *testing.T) {
	s, address := served(t, quickFile(t))
	host := s.hosts[0]
	for _, tt := range []struct {
		name, method, path string
		change             func(*http.Request)
		want               int
	}{
		{"the page", "GET", "", nil, 200},
		{"from itself", "GET", "panel", func(r *http.Request) { r.Header.Set("Origin", "http://"+host) }, 200},
		{"a name that was rebound", "GET", "", func(r *http.Request) { r.Host = "evil.example:80" }, 403},
		{"another port", "GET", "", func(r *http.Request) { r.Host = "127.0.0.1:1" }, 403},
		{"without a token", "GET", "../", nil, 403},
		{"another token", "GET", "../" + strings.Repeat("A", len(s.token)) + "/", nil, 403},
		{"part of the token", "GET", "../" + s.token[:5] + "/", nil, 403},
		{"a post from elsewhere", "POST", "files?name=a.csv", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"a post of a page without an origin", "POST", "files?name=a.csv", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"a post across sites", "POST", "keep?page=page-1", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"a run from elsewhere", "GET", "run?page=page-1", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"another method", "PUT", "files", nil, 405},
		{"another path", "GET", "files/../../etc/passwd", nil, 403},
		{"a path that is none", "GET", "nothing", nil, 404},
	} {
		w, body := ask(t, tt.method, address+tt.path, strings.NewReader(""), tt.change)
		if w.StatusCode != tt.want {
			t.Errorf("%s: %s, want %d: %.200s", tt.name, w.Status, tt.want, body)
		}
		if strings.Contains(body, s.token) {
			t.Errorf("%s: the answer tells the token", tt.name)
		}
		if p := w.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || !strings.Contains(p, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", tt.name, p)
		}
	}
}

// Nobody from another machine reaches it.
func TestListen(t *testing.T) {
	list, hosts, err := listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(list)
	for i, l := range list {
		if a := l.Addr().String(); !strings.HasPrefix(a, "127.0.0.1:") && !strings.HasPrefix(a, "[::1]:") {
			t.Errorf("listener %d is at %s", i, a)
		}
	}
	for _, host := range hosts {
		if strings.HasPrefix(host, "localhost:") {
			continue
		}
		w, err := http.NewRequest("GET", "http://"+host, nil)
		if err != nil || w.Host != host {
			t.Errorf("the host %q is none: %v", host, err)
		}
	}
}

// A stream is a run as a page reads it.
type stream struct {
	events chan event
	close  func()
}

type event struct{ name, data string }

func (s *server) stream(t *testing.T, address, query string) *stream {
	t.Helper()
	w, err := http.Get(address + "run?" + query)
	if err != nil {
		t.Fatal(err)
	}
	out := &stream{make(chan event, 1000), func() { w.Body.Close() }}
	t.Cleanup(out.close)
	go func() {
		defer close(out.events)
		lines := bufio.NewScanner(w.Body)
		lines.Buffer(nil, 64<<20)
		var e event
		for lines.Scan() {
			line := lines.Text()
			switch {
			case strings.HasPrefix(line, "event: "):
				e.name = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				e.data = line[len("data: "):]
			case line == "":
				out.events <- e
			}
		}
	}()
	return out
}

// next waits for an event of one of the names.
func (s *stream) next(t *testing.T, names ...string) event {
	t.Helper()
	end := time.After(time.Minute)
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				t.Fatalf("the stream ended without %v", names)
			}
			for _, name := range names {
				if e.name == name {
					return e
				}
			}
		case <-end:
			t.Fatalf("no %v came", names)
		}
	}
}

// ended waits until the stream has ended.
func (s *stream) ended(t *testing.T) {
	t.Helper()
	end := time.After(time.Minute)
	for {
		select {
		case _, ok := <-s.events:
			if !ok {
				return
			}
		case <-end:
			t.Fatal("the stream does not end")
		}
	}
}

// openPage opens a page and returns its id.
func (s *server) openPage(t *testing.T, address string) string {
	t.Helper()
	_, body := ask(t, "GET", address, nil, nil)
	_, rest, ok := strings.Cut(body, `data-page="`)
	if !ok {
		t.Fatalf("the page has no id: %.300s", body)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// A run shows what is known after each few replications, and then it is over.
func TestRun(t *testing.T) {
	s, address := served(t, quickFile(t))
	run := s.stream(t, address, "page="+s.openPage(t, address))
	var a answer
	first := run.next(t, "result")
	if err := json.Unmarshal([]byte(first.data), &a); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(a.Title, "One replication") {
		t.Errorf("the first answer is %q, want one of a single replication", a.Title)
	}
	for _, t2 := range tabs {
		if part := a.Parts[t2.ID]; !strings.Contains(part, "<section") || !strings.Contains(part, "</section>") {
			t.Errorf("the tab %s has %.300s", t2.ID, part)
		}
	}
	done := run.next(t, "done")
	if !strings.Contains(done.data, "replications") {
		t.Errorf("done says %s", done.data)
	}
	run.ended(t)
}

// A page that runs something else stops what it ran, and one that is closed does too.
func TestCancel(t *testing.T) {
	s, address := served(t, scenarios.Default)
	id := s.openPage(t, address)
	first := s.stream(t, address, "page="+id)
	first.next(t, "result")
	second := s.stream(t, address, "page="+id+"&seed=2")
	second.next(t, "result")
	for e := range first.events {
		if e.name == "done" {
			t.Error("the first run was not stopped, but ran to its end")
		}
	}
	if p := s.pages.find(id); !p.running() {
		t.Error("the second run has stopped, too")
	}
	second.close()
	for began := time.Now(); s.pages.find(id).running(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the run of a page that is closed goes on")
		}
	}
}

// Many pages make room for each other; those that are forgotten are told so.
func TestPages(t *testing.T) {
	s, address := served(t, quickFile(t))
	first := s.openPage(t, address)
	for range mostPages {
		s.openPage(t, address)
	}
	if n := len(s.pages.list); n != mostPages {
		t.Errorf("%d pages are kept, want %d", n, mostPages)
	}
	run := s.stream(t, address, "page="+first)
	if e := run.next(t, "problem"); !strings.Contains(e.data, "Load it again") {
		t.Errorf("a page that is forgotten is told %s", e.data)
	}
	run.ended(t)
}

// What is wrong is said at its field.
func TestProblems(t *testing.T) {
	s, address := served(t, quickFile(t))
	id := s.openPage(t, address)
	for query, want := range map[string]problem{
		"rpm=0":                           {"rpm", "a limit of 0 admits nothing"},
		"rpm=many":                        {"rpm", "Type a number"},
		"instances=0.5":                   {"instances", "whole number"},
		"deadline.web=0":                  {"deadline.web", "want a duration"},
		"cv=5000":                         {"cv", "0.01 to 1000"},
		"errors=120":                      {"errors", "want a share"},
		"jitter=200":                      {"jitter", "0% to 100%"},
		"max_retries=1.5":                 {"max_retries", "whole number"},
		"strategy=":                       {"strategies", "is empty"},
		"strategy=jiter":                  {"strategies", `did you mean "jitter"?`},
		"add=jitter+max_retires%3D3":      {"add", "max_retries"},
		"add=jitter+max_retries":          {"add", "is no parameter"},
		"provider=openai/gpt-4o%40tier-9": {"provider", "unknown tier"},
		"seed=-1":                         {"seed", "whole number"},
		"scenario=/etc/passwd":            {"scenario", "there is no scenario"},
		"log=file-9":                      {"file", "not here any more"},
	} {
		run := s.stream(t, address, "page="+id+"&"+query)
		var got []problem
		if e := run.next(t, "problem", "done"); json.Unmarshal([]byte(e.data), &got) != nil || len(got) == 0 {
			t.Errorf("%s: %s %s", query, e.name, e.data)
			continue
		}
		if got[0].Field != want.Field || !strings.Contains(got[0].Text, want.Text) {
			t.Errorf("%s: %+v, want %+v", query, got, want)
		}
	}
}

const someLog = "time,prompt_tokens,output_tokens\n0,100,50\n1,200,60\n2.5,300,70\n"

// drop drops a file on the page.
func drop(t *testing.T, address, name string, body []byte) string {
	t.Helper()
	_, text := ask(t, "POST", address+"files?name="+url.QueryEscape(name), bytes.NewReader(body), nil)
	return text
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Logs and scenarios are taken; what is wrong with them is said with file, line and
// column, by the name that the user knows.
func TestUpload(t *testing.T) {
	s, address := served(t, quickFile(t))
	s.files.most = 5000
	for _, tt := range []struct {
		name string
		body []byte
		want string
	}{
		{"log.csv", []byte(someLog), `"log":true`},
		{"../../log.csv.gz", packed(t, someLog), `"log":true`},
		{"mine.yaml", []byte(quick), `"log":false`},
		{"bad.csv", []byte(someLog + "3,many,70\n"), "bad.csv:5:3: "},
		{"none.csv", []byte("a,b\n1,2\n"), "none.csv:1: lacks the columns time, prompt_tokens, output_tokens; it has a, b"},
		{"bad.yaml", []byte(strings.Replace(quick, "rpm: 60", "rpm: 0", 1)), "bad.yaml:9:64: deployments[0].limits.rpm: a limit of 0"},
		{"large.csv", []byte(someLog + strings.Repeat("3,100,70\n", 1000)), "large.csv: is larger than"},
		{"bomb.csv.gz", packed(t, someLog+strings.Repeat("3,100,70\n", 1000)), "bomb.csv: is larger than"},
		{"cut.csv.gz", packed(t, someLog)[:20], "cut.csv: "},
	} {
		text := drop(t, address, tt.name, tt.body)
		if !strings.Contains(text, tt.want) || strings.Contains(text, `"id"`) != strings.Contains(tt.want, `"log"`) {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
		if strings.Contains(text, s.files.dir) {
			t.Errorf("%s: the answer tells where files are kept: %s", tt.name, text)
		}
	}
	kept, err := os.ReadDir(s.files.dir)
	if err != nil || len(kept) != 3 {
		t.Errorf("%d files are kept (%v), want the 3 that are good", len(kept), err)
	}
	for range mostFiles {
		drop(t, address, "log.csv", []byte(someLog))
	}
	if kept, err = os.ReadDir(s.files.dir); err != nil || len(kept) != mostFiles {
		t.Errorf("%d files are kept (%v), want %d", len(kept), err, mostFiles)
	}
}

// A log that was dropped is what runs, and goes by its own name.
func TestRunOfALog(t *testing.T) {
	s, address := served(t, quickFile(t))
	text := drop(t, address, "mine.csv", []byte(someLog))
	var got struct{ ID string }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	run := s.stream(t, address, "page="+s.openPage(t, address)+"&strategy=none&log="+got.ID)
	all := ""
	for e := range run.events {
		all += fmt.Sprintln(e.name, e.data)
	}
	if !strings.Contains(all, "done ") || !strings.Contains(all, "ratesim compare --trace mine.csv --strategies none") {
		t.Errorf("the run of a log is %.500s", all)
	}
	if strings.Contains(all, s.files.dir) {
		t.Error("the answer tells where files are kept")
	}
	w, text := ask(t, "GET", address+"scenario.yaml?log="+got.ID, nil, nil)
	if w.StatusCode != 200 || !strings.Contains(text, "file: mine.csv}") || !strings.Contains(w.Header.Get("Content-Disposition"), `"mine.csv.yaml"`) {
		t.Errorf("%s %s:\n%s", w.Status, w.Header.Get("Content-Disposition"), text)
	}
}

// Whether the answer stays with another seed is said once there are two, and a change of
// the scenario begins anew.
func TestSeeds(t *testing.T) {
	s, address := served(t, quickFile(t))
	id := s.openPage(t, address)
	for _, tt := range []struct {
		query string
		want  string
	}{{"seed=1", ""}, {"seed=2", "with seeds 1 and 2"}, {"seed=3", "with seeds 1, 2 and 3"}, {"seed=3", "with seeds 1, 2 and 3"}, {"seed=3&rpm=50", ""}} {
		run := s.stream(t, address, "page="+id+"&strategy=none&strategy=header-aware&"+tt.query)
		var last answer
		for e := range run.events {
			if e.name == "result" {
				if err := json.Unmarshal([]byte(e.data), &last); err != nil {
					t.Fatal(err)
				}
			}
		}
		if tt.want == "" && last.Stays != "" || !strings.Contains(last.Stays, tt.want) {
			t.Errorf("%s: %q, want %q", tt.query, last.Stays, tt.want)
		}
	}
	p := &visit{seeds: []seedAnswer{{"", 1, []string{"a", "b"}}, {"", 2, []string{"b"}}}}
	if got := p.stays(); got != "The answer depends on the seed. seed 1: a and b; seed 2: b." {
		t.Errorf("seeds that disagree: %q", got)
	}
}

// A run that is kept is said to be behind the next one, until it is dropped.
func TestKeep(t *testing.T) {
	s, address := served(t, quickFile(t))
	id := s.openPage(t, address)
	if w, _ := ask(t, "POST", address+"keep?page="+id, nil, nil); w.StatusCode != http.StatusConflict {
		t.Errorf("before there is a run: %s", w.Status)
	}
	s.stream(t, address, "page="+id+"&strategy=none").next(t, "done")
	if w, text := ask(t, "POST", address+"keep?page="+id+"&label=run+A", nil, nil); w.StatusCode != 200 {
		t.Fatalf("%s: %s", w.Status, text)
	}
	run := s.stream(t, address, "page="+id+"&strategy=none&rpm=90")
	if e := run.next(t, "result"); !strings.Contains(e.data, "run A") {
		t.Errorf("nothing tells of the run that is kept")
	}
	run.next(t, "done")
	ask(t, "POST", address+"keep?page="+id+"&drop=1", nil, nil)
	if e := s.stream(t, address, "page="+id+"&strategy=none&rpm=91").next(t, "result"); strings.Contains(e.data, "run A") {
		t.Errorf("the run that was dropped is still told of")
	}
}
