package mock_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/wire"
)

// open is a deployment without limits and latency.
var open = []mock.Deployment{{Config: provider.Config{Vendor: "openai", Model: "gpt-4o"}}}

// counter is a client that reads whatever comes and counts its bytes.
type counter struct {
	sink
	n int
}

func (c *counter) Write(b []byte) (int, error) { c.n += len(b); return len(b), nil }

// allocated returns how many bytes do allocates, by all goroutines.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// 10 KB that ask for 201 MB of embeddings get them, and no more than a piece is in
// memory at a time. In pieces they say what they say as a whole.
func TestLongAnswersInPieces(t *testing.T) {
	s := offer(t, mock.Config{Deployments: open, TrustBench: true})
	embed := func(w http.ResponseWriter, inputs, dimensions int) {
		r := httptest.NewRequest("POST", "/v1/embeddings", strings.NewReader(fmt.Sprintf(
			`{"model":"gpt-4o","dimensions":%d,"input":["x"%s]}`, dimensions, strings.Repeat(`,"x"`, inputs-1))))
		r.Header.Set("Authorization", "Bearer sk-test")
		s.ServeHTTP(w, r)
	}
	w := &counter{sink: sink{header: http.Header{}}}
	if got := allocated(func() { embed(w, 2048, 8192) }); got > 4<<20 || w.n < 200e6 {
		t.Errorf("%d bytes allocated for an answer of %d bytes", got, w.n)
	}
	all := httptest.NewRecorder()
	embed(all, 100, 500)
	var list struct {
		Data []struct{ Embedding []float64 }
	}
	if err := json.Unmarshal(all.Body.Bytes(), &list); err != nil || len(list.Data) != 100 || len(list.Data[99].Embedding) != 500 {
		t.Errorf("%v: %d embeddings in %d bytes", err, len(list.Data), all.Body.Len())
	}
	chat := ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o",`+hello+`}`, wire.FactsHeader+": 1 0 0 0 0 1 1 1 100000 0 0 0 0")
	if text, _ := field(t, chat.Body.String(), "choices.0.message.content").(string); strings.Count(text, "ord") != 100_000 {
		t.Errorf("%d of 100,000 words", strings.Count(text, "ord"))
	}
}

// Whoever may not say how long answers are cannot; whoever may has a bound too.
func TestScripts(t *testing.T) {
	script := func(allowed bool, output int64) (int, string) {
		s := offer(t, mock.Config{Deployments: open, TrustBench: allowed})
		w := &counter{sink: sink{header: http.Header{}}}
		r := httptest.NewRequest("POST", "/v1/chat/completions", strings.NewReader(`{"model":"gpt-4o",`+hello+`}`))
		r.Header.Set("Authorization", "Bearer sk-test")
		r.Header.Set(wire.FactsHeader, fmt.Sprintf("1 0 0 0 0 1 1 1 %d 0 0 0 0", output))
		s.ServeHTTP(w, r)
		return w.status, fmt.Sprint(w.n)
	}
	for _, c := range []struct {
		allowed bool
		output  int64
		want    int
	}{{false, 1, 400}, {false, 4e9, 400}, {true, 1, 0}, {true, 1 << 20, 0}, {true, 1<<20 + 1, 400}, {true, 4e9, 400}} {
		if got, size := script(c.allowed, c.output); got != c.want {
			t.Errorf("allowed %v, %d tokens: status %d, want %d; %s bytes", c.allowed, c.output, got, c.want, size)
		}
	}
}

// slow is a body whose last byte comes when it is released.
type slow struct {
	io.Reader
	sent    func()
	release chan struct{}
}

func (s *slow) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if n == 0 && err == io.EOF {
		s.sent()
		<-s.release
	}
	return n, err
}

// A hundred requests that send much and do not finish fill the room there is, one
// account half of it. The others are refused, small requests are not, and the room is
// there again when they are gone.
func TestRoomForBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		s := offer(t, mock.Config{Deployments: open, Bounds: mock.Bounds{Body: size, Bodies: 13 * size}}) // three of twice their size for each of two accounts
		post := func(key string, body io.Reader) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "/v1/chat/completions", body)
			r.Header.Set("Authorization", "Bearer "+key)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		large := `{"model":"gpt-4o","messages":[{"content":"` + strings.Repeat("x", size-100) + `"}]}`
		for range 3 { // what was taken is given back each time
			var waiting, refused, served atomic.Int32
			release := make(chan struct{})
			for i := range 100 {
				go func() {
					w := post(fmt.Sprint("sk-", i%2), &slow{strings.NewReader(large), func() { waiting.Add(1) }, release})
					switch w.Code {
					case http.StatusOK:
						served.Add(1)
					case http.StatusServiceUnavailable:
						if !json.Valid(w.Body.Bytes()) || !strings.Contains(w.Body.String(), "room") {
							t.Errorf("refused with %s", w.Body)
						}
						refused.Add(1)
					}
				}()
			}
			synctest.Wait()
			if waiting.Load() != 6 || refused.Load() != 94 {
				t.Errorf("%d are read, %d refused; want 6 and 94", waiting.Load(), refused.Load())
			}
			if w := post("sk-0", strings.NewReader(`{"model":"gpt-4o",`+hello+`}`)); w.Code != 200 {
				t.Errorf("a small request meanwhile: %d", w.Code)
			}
			close(release)
			synctest.Wait()
			if served.Load() != 6 {
				t.Errorf("%d served, want 6", served.Load())
			}
		}
	})
}

// A body needs no more memory than it is counted for.
func TestMemoryOfBody(t *testing.T) {
	s := offer(t, mock.Config{Deployments: open})
	for _, text := range []string{strings.Repeat("x", 8<<20), strings.Repeat(`\n`, 4<<20)} {
		body := `{"model":"gpt-4o","messages":[{"content":"` + text + `"},{"content":"` + text + `"}]}`
		got := allocated(func() {
			if w := ask(s, "POST", "/v1/chat/completions", body); w.Code != 200 {
				t.Errorf("status %d", w.Code)
			}
		})
		// In all four times the body, as it is read into memory that doubles, and its
		// text once.
		if most := uint64(5*len(body) + 1<<20); got > most {
			t.Errorf("%d bytes allocated for a body of %d, want %d at most", got, len(body), most)
		}
	}
}

// Only what is admitted is counted; what it turns out to be is told, billed and
// charged, however long the counting takes.
func TestCountsWhatIsAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counted atomic.Int32
		config := provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 2, TPM: 1000, Charge: provider.Charge{Settle: true}}
		s := offer(t, mock.Config{Deployments: []mock.Deployment{{Config: config}}, Count: func(string, string) int {
			counted.Add(1)
			time.Sleep(time.Second)
			return 70
		}})
		var refused atomic.Int32
		for range 100 {
			go func() {
				w := ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,`+hello+`}`)
				if w.Code == http.StatusTooManyRequests {
					refused.Add(1)
				} else if got := field(t, w.Body.String(), "usage.prompt_tokens"); w.Code != 200 || got != 70.0 {
					t.Errorf("%d with %v tokens, want 70", w.Code, got)
				}
			}()
		}
		time.Sleep(time.Minute)
		if counted.Load() != 2 || refused.Load() != 98 {
			t.Errorf("%d counted and %d refused, want 2 and 98", counted.Load(), refused.Load())
		}
		d := s.State().Accounts[0].Deployments[0]
		if want := [3]int64{140, 0, 6}; d.Billed != want || d.Charged != 146 || d.Working != 0 {
			t.Errorf("billed %v, charged %d, %d open; want %v, 146 and none", d.Billed, d.Charged, d.Working, want)
		}
	})
}

// When there are as many accounts as may be, a new one takes the place of the one
// that was idle for the longest time, if that is a minute. One that is in use stays.
func TestForgetsIdleAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 1, Latency: provider.Latency{PerToken: time.Minute}}
		s := offer(t, mock.Config{Deployments: []mock.Deployment{{Config: config}}, Bounds: mock.Bounds{Accounts: 3, Stored: 3000}})
		get := func(key string) int { return ask(s, "GET", "/v1/models", "", "Authorization: Bearer "+key).Code }
		get("busy") // which is idle for a moment
		done := make(chan int)
		go func() { // for three minutes
			done <- ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,`+hello+`}`, "Authorization: Bearer busy").Code
		}()
		synctest.Wait()
		file := func(key string) int { return storeFile(s, key, "x", "batch", "{}").Code }
		if file("a") != 200 || file("b") != 200 || file("b") != 413 {
			t.Error("two files fill the room")
		}
		time.Sleep(59 * time.Second)
		if got := get("c"); got != 503 {
			t.Errorf("a new account after 59 s: %d, want 503", got)
		}
		if got := get("b"); got != 200 {
			t.Errorf("an account that is there: %d", got)
		}
		time.Sleep(time.Second)
		if got := file("c"); got != 200 { // in the place of a, whose room it gets
			t.Errorf("a new account after a minute: %d", got)
		}
		if got := get("a"); got != 503 {
			t.Errorf("b and c were used within a minute, busy is: %d", got)
		}
		if got := len(s.State().Accounts); got != 3 {
			t.Errorf("%d accounts", got)
		}
		if got := <-done; got != 200 {
			t.Errorf("the call that was on its way: %d", got)
		}
	})
}

// More keys than a server keeps accounts by default, all used within a minute: one more is
// told when there will be room, and then there is.
func TestAccountsAtTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offer(t, mock.Config{Deployments: open})
		get := func(key int) *httptest.ResponseRecorder {
			return ask(s, "GET", "/v1/models", "", fmt.Sprint("Authorization: Bearer sk-", key))
		}
		const most = 1 << 16
		for i := range most {
			if w := get(i); w.Code != 200 {
				t.Fatalf("account %d of %d: %d", i, most, w.Code)
			}
		}
		time.Sleep(20 * time.Second)
		if w := get(most); w.Code != 503 || w.Header().Get("Retry-After") != "40" || !strings.Contains(w.Body.String(), "65536 accounts") {
			t.Errorf("one more: %d, retry after %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
		}
		time.Sleep(40 * time.Second)
		for i := range 100 {
			if w := get(most + i); w.Code != 200 {
				t.Errorf("a new account after the time that was told: %d", w.Code)
			}
		}
		if n := len(s.State().Accounts); n != most {
			t.Errorf("%d accounts, want %d", n, most)
		}
	})
}

// An account that is used takes as much memory as docs/howto/client.md says.
func TestMemoryOfAccount(t *testing.T) {
	config := provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 500, TPM: 30_000}
	s := offer(t, mock.Config{Deployments: []mock.Deployment{{Config: config}}})
	heap := func() int64 {
		var m runtime.MemStats
		for range 3 { // pools are emptied by the second
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const n = 4000
	before := heap()
	for i := range n {
		if w := ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o",`+hello+`}`, fmt.Sprint("Authorization: Bearer sk-", i)); w.Code != 200 {
			t.Fatalf("account %d: %d", i, w.Code)
		}
	}
	if each := (heap() - before) / n; each < 1000 || each > 4000 {
		t.Errorf("%d bytes for each account, want about 3 KB", each)
	} else {
		t.Logf("%d bytes for each account", each)
	}
	runtime.KeepAlive(s)
}

// storeFile uploads a file.
func storeFile(s http.Handler, key, name, purpose, data string) *httptest.ResponseRecorder {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("purpose", purpose)
	_ = w.WriteField("unknown", strings.Repeat("x", 100))
	part, _ := w.CreateFormFile("file", name) // cannot fail: in memory
	_, _ = part.Write([]byte(data))
	_ = w.Close()
	return ask(s, "POST", "/v1/files", form.String(), "Content-Type: "+w.FormDataContentType(), "Authorization: Bearer "+key)
}

// Whatever an account stores counts, and not only what is in files: no names, purposes
// or metadata can fill the memory.
func TestStoredIsCounted(t *testing.T) {
	const most = 100 << 10
	s := offer(t, mock.Config{Deployments: open, Bounds: mock.Bounds{AccountStored: most}})
	long := strings.Repeat("p", 1<<20)
	for _, w := range []*httptest.ResponseRecorder{storeFile(s, "k", "x", long, ""), storeFile(s, "k", long, "batch", "")} {
		if w.Code != 400 || w.Body.Len() > 4096 {
			t.Errorf("a long name or purpose: %d", w.Code)
		}
	}
	files := 0
	for ; storeFile(s, "k", strings.Repeat("n", 255), strings.Repeat("p", 64), "").Code == 200; files++ {
	}
	// Each is counted for its name, its purpose and what it takes at least.
	if files == 0 || files > most/(255+64) {
		t.Errorf("%d empty files in %d bytes", files, most)
	}
	s.Reset()
	input, _ := field(t, storeFile(s, "k", "in", "batch", "{}").Body.String(), "id").(string)
	batch := func(pairs, size int) *httptest.ResponseRecorder {
		metadata := map[string]string{}
		for i := range pairs {
			metadata[fmt.Sprint(i)] = strings.Repeat("m", size)
		}
		body, _ := json.Marshal(map[string]any{"input_file_id": input, "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": metadata})
		return ask(s, "POST", "/v1/batches", string(body), "Authorization: Bearer k")
	}
	for _, w := range []*httptest.ResponseRecorder{batch(17, 1), batch(1, 513)} {
		if w.Code != 400 {
			t.Errorf("more metadata than OpenAI takes: %d", w.Code)
		}
	}
	if w := batch(1, 1<<20); w.Code != 413 {
		t.Errorf("a megabyte of metadata: %d", w.Code)
	}
	batches := 0
	for ; batch(16, 512).Code == 200; batches++ {
	}
	if batches == 0 || batches > most/(16*512) {
		t.Errorf("%d batches with 8 KiB of metadata in %d bytes", batches, most)
	}
	if got := ask(s, "GET", "/v1/batches", "", "Authorization: Bearer k").Body.String(); !json.Valid([]byte(got)) || len(got) < batches*16*512 {
		t.Errorf("no list of %d batches: %.100s", batches, got)
	}
}

// What a client has sent does not come back as an endless message.
func TestMessagesAreShort(t *testing.T) {
	s := offer(t, mock.Config{Deployments: open})
	long := strings.Repeat("é", 1<<20)
	for _, body := range []string{`{"model":"` + long + `",` + hello + `}`, `{"model":"gpt-4o","max_tokens":"` + long + `",` + hello + `}`} {
		if w := ask(s, "POST", "/v1/chat/completions", body); w.Code/100 != 4 || w.Body.Len() > 8<<10 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("status %d, %d bytes: %.100s", w.Code, w.Body.Len(), w.Body)
		}
	}
}

// The output of a batch is the same whenever it is fetched, and whoever else calls.
func TestBatchOutputStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offer(t, mock.Config{Deployments: open})
		input, _ := field(t, upload(t, s, strings.Repeat(`{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"content":"four"}]}}`+"\n", 20)), "id").(string)
		_, got := do(t, s, "POST", "/v1/batches", `{"input_file_id":"`+input+`","endpoint":"/v1/chat/completions","completion_window":"24h"}`)
		id, _ := field(t, got, "id").(string)
		time.Sleep(time.Minute)
		_, got = do(t, s, "GET", "/v1/batches/"+id, "")
		output, _ := field(t, got, "output_file_id").(string)
		_, first := do(t, s, "GET", "/v1/files/"+output+"/content", "")
		if strings.Count(first, "\n") != 20 {
			t.Fatalf("no output: %s", first)
		}
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() { ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o",`+hello+`}`) })
		}
		others.Wait()
		time.Sleep(time.Hour)
		if _, second := do(t, s, "GET", "/v1/files/"+output+"/content", ""); first != second {
			t.Errorf("first\n%s\nthen\n%s", first, second)
		}
	})
}
