package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ratesim/provider/wire"
	"ratesim/sim/rng"
)

// OpenAI's and Azure's batches (platform.openai.com/docs/api-reference, batch and
// files, 2026): a file of requests is uploaded, worked through outside all limits,
// and its answers fetched as another file. Every well-formed request succeeds. A
// batch is in progress after a second of the provider's time and completed after
// ten.
const (
	batchBegins = time.Second
	batchTakes  = 10 * time.Second
)

// Bounds on a batch. Source: OpenAI's API reference, but for the first, which is room
// for the others however they are written.
const (
	mostOrder = 256 << 10 // bytes of the request that creates one
	mostLines = 50_000    // requests
	mostPairs = 16        // of metadata
	mostKey   = 64        // characters of a key of metadata
	mostValue = 512       // and of a value
	mostWord  = 64        // bytes of any other field; they are names of a few letters
)

// batch is a batch as its client sees it.
type batch struct {
	ID         string            `json:"id"`
	Object     string            `json:"object"`
	Endpoint   string            `json:"endpoint"`
	Errors     *batchErrors      `json:"errors"`
	Input      string            `json:"input_file_id"`
	Window     string            `json:"completion_window"`
	Status     string            `json:"status"`
	Output     *string           `json:"output_file_id"`
	ErrorFile  *string           `json:"error_file_id"`
	Created    int64             `json:"created_at"`
	InProgress *int64            `json:"in_progress_at"`
	Completed  *int64            `json:"completed_at"`
	Failed     *int64            `json:"failed_at"`
	Cancelled  *int64            `json:"cancelled_at"`
	Expires    int64             `json:"expires_at"`
	Counts     batchCounts       `json:"request_counts"`
	Metadata   map[string]string `json:"metadata"`
	at         time.Time
}

type batchErrors struct {
	Object string       `json:"object"`
	Data   []batchError `json:"data"`
}

type batchError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Line    int    `json:"line"`
}

type batchCounts struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
}

// batchLine is one request of an input file.
type batchLine struct {
	CustomID string          `json:"custom_id"`
	URL      string          `json:"url"`
	Body     json.RawMessage `json:"body"`
}

// answered returns the batch whose answers are the file of that id, and its input;
// nil if there is none, or its input was deleted.
func (s *shelf) answered(e *exchange, id string) (*batch, *file) {
	i := slices.IndexFunc(s.batches, func(j *batch) bool { return outputOf(j.ID) == id && j.now(e).Output != nil })
	if i < 0 {
		return nil, nil
	}
	input, _ := s.find(s.batches[i].Input)
	return s.batches[i], input
}

// outputOf returns the id of the file with the answers to a batch.
func outputOf(id string) string { return "file-" + strings.TrimPrefix(id, "batch_") }

func (e *exchange) listBatches() (any, error) {
	s := &e.account.shelf
	s.mu.Lock()
	all := make([]batch, 0, len(s.batches))
	for _, j := range s.batches {
		all = append(all, j.now(e))
	}
	s.mu.Unlock()
	writeList(e, all)
	return nil, nil
}

// order is a request to begin a batch.
type order struct {
	Input    string            `json:"input_file_id"`
	Endpoint string            `json:"endpoint"`
	Window   string            `json:"completion_window"`
	Metadata map[string]string `json:"metadata"`
}

// check returns what is wrong with q.
func (q *order) check() error {
	if q.Endpoint == "" || q.Window == "" {
		return invalid("'endpoint' and 'completion_window' are required.")
	}
	if max(len(q.Endpoint), len(q.Window)) > mostWord {
		return invalid("'endpoint' and 'completion_window' have at most " + strconv.Itoa(mostWord) + " bytes.")
	}
	if len(q.Metadata) > mostPairs {
		return invalid("'metadata' has at most " + strconv.Itoa(mostPairs) + " pairs.")
	}
	for k, v := range q.Metadata {
		if utf8.RuneCountInString(k) > mostKey || utf8.RuneCountInString(v) > mostValue {
			return invalid(fmt.Sprintf("Keys of 'metadata' have at most %d characters, and values %d.", mostKey, mostValue))
		}
	}
	return nil
}

// createBatch begins a batch.
func (e *exchange) createBatch() (any, error) {
	if !e.readBody(mostOrder) {
		return nil, nil
	}
	var q order
	if err := json.Unmarshal(e.body, &q); err != nil {
		return nil, invalid("we could not parse the JSON body of your request")
	}
	s := &e.account.shelf
	s.mu.Lock()
	input, _ := s.find(q.Input)
	s.mu.Unlock()
	if input == nil {
		return nil, missing("File", q.Input)
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	if !e.hold(perByte * int64(len(input.data))) {
		return nil, nil
	}
	at := time.Now()
	j := &batch{ID: "batch_" + string(e.id), Object: "batch", Endpoint: q.Endpoint, Input: q.Input, Window: q.Window, Status: "validating",
		Created: at.Unix(), Expires: at.Add(24 * time.Hour).Unix(), Metadata: q.Metadata, at: at}
	if line, why := j.check(e, input.data); why != "" {
		failed := at.Unix()
		j.Status, j.Failed = "failed", &failed
		j.Errors = &batchErrors{"list", []batchError{{"invalid_request", shortened(why), line}}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.batches) == mostFiles || !e.account.stored.take(j.size()) {
		return nil, invalid("Too many batches.")
	}
	s.batches = append(s.batches, j)
	return *j, nil
}

// size returns the bytes that j is counted for.
func (j *batch) size() int64 {
	n := 2*record + len(j.Input) + len(j.Endpoint) + len(j.Window)
	for k, v := range j.Metadata {
		n += len(k) + len(v)
	}
	if j.Errors != nil {
		n += len(j.Errors.Data[0].Message)
	}
	return int64(n)
}

// check counts the requests of j, and returns the first line that is none.
func (j *batch) check(e *exchange, input []byte) (line int, why string) {
	for text := range bytes.Lines(input) {
		line++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if j.Counts.Total++; j.Counts.Total > mostLines {
			return line, "Too many requests in one batch."
		}
		var l batchLine
		if err := json.Unmarshal(text, &l); err != nil {
			return line, "This line is not parseable as valid JSON."
		}
		var y exchange
		if _, why := y.ofLine(e, &l); why != "" {
			return line, why
		}
	}
	if j.Counts.Total == 0 {
		return 1, "The file is empty."
	}
	return 0, ""
}

// now returns j as it is by now.
func (j *batch) now(e *exchange) batch {
	v := *j
	if v.Failed != nil || v.Cancelled != nil {
		return v
	}
	if begins := j.after(e, batchBegins); !time.Now().Before(begins) {
		begun := begins.Unix()
		v.Status, v.InProgress = "in_progress", &begun
	}
	if ends := j.after(e, batchTakes); !time.Now().Before(ends) {
		ended, output := ends.Unix(), outputOf(v.ID)
		v.Status, v.Completed, v.Output, v.Counts.Completed = "completed", &ended, &output, v.Counts.Total
	}
	return v
}

// after returns the instant so long after j was created, in the provider's time.
func (j *batch) after(e *exchange, d time.Duration) time.Time {
	return j.at.Add(time.Duration(float64(d) / e.s.c.Speed))
}

// batch returns the batch that the path names; the caller holds the lock.
func (e *exchange) batch() (*batch, error) {
	id, s := e.r.PathValue("id"), &e.account.shelf
	if i := slices.IndexFunc(s.batches, func(j *batch) bool { return j.ID == id }); i >= 0 {
		return s.batches[i], nil
	}
	return nil, missing("Batch", id)
}

func (e *exchange) getBatch() (any, error) {
	e.account.shelf.mu.Lock()
	defer e.account.shelf.mu.Unlock()
	j, err := e.batch()
	if err != nil {
		return nil, err
	}
	return j.now(e), nil
}

func (e *exchange) cancelBatch() (any, error) {
	e.account.shelf.mu.Lock()
	defer e.account.shelf.mu.Unlock()
	j, err := e.batch()
	if err != nil {
		return nil, err
	}
	if n := j.now(e); n.Completed != nil || n.Failed != nil || n.Cancelled != nil {
		return nil, problem{http.StatusConflict, "A batch that is " + n.Status + " cannot be cancelled."}
	}
	at := time.Now().Unix()
	j.Status, j.Cancelled = "cancelled", &at
	return *j, nil
}

// ofLine makes y the request of one line of a batch that e asks about, and
// returns the deployment it is for. why is what is wrong with it.
func (y *exchange) ofLine(e *exchange, l *batchLine) (deployment int, why string) {
	styles := map[string]style{"chat/completions": chatStyle{}, "responses": responsesStyle{}, "embeddings": embedStyle{}}
	like := styles[strings.TrimPrefix(strings.TrimPrefix(l.URL, "/v1"), "/")]
	y.s, y.w, y.at, y.id = e.s, e.w, e.at, e.id
	y.f = &form{vendors: e.f.vendors, dialect: e.f.dialect, style: like}
	_, y.f.embeds = like.(embedStyle)
	err := wire.ParseQuery(l.Body, &y.query)
	deployment, y.model = e.s.deployment(y.f, y.query.Model)
	switch {
	case l.CustomID == "":
		return 0, "Missing required parameter: 'custom_id'."
	case like == nil:
		return 0, "Invalid URL: " + l.URL
	case err != nil:
		return 0, err.Error()
	case deployment < 0:
		return 0, "The model `" + y.query.Model + "` does not exist or you do not have access to it."
	case y.f.embeds && y.query.Inputs > mostInputs:
		return 0, "Too many inputs."
	}
	y.dialect = e.s.dialects[deployment]
	if err := y.readAsks(deployment, l.Body); err != nil {
		return 0, err.Error()
	}
	return deployment, ""
}

// answers sends the answers to all requests of a batch, the same ones each time.
func (e *exchange) answers(j *batch, input []byte) {
	e.at, e.id = j.after(e, batchTakes), append(e.id[:0], strings.TrimPrefix(j.ID, "batch_")...)
	draws := account{key: rng.New(e.s.c.Seed, 0), outputs: e.s.outputs}
	for text := range bytes.Lines(input) {
		var l batchLine
		var y exchange
		if json.Unmarshal(text, &l) != nil {
			continue // blank: the batch was checked
		}
		deployment, why := y.ofLine(e, &l)
		if why != "" {
			continue
		}
		model := e.s.c.Deployments[deployment].Config.Model
		y.prompt = uint32(e.s.tokens(&y.query, y.f, e.s.c.Count(model, y.query.Text)))
		attempt := wire.Attempt{Call: draws.calls}
		draws.calls++
		if !y.f.embeds {
			y.compose(draws.length(&attempt), y.query.MaxTokens)
		}
		y.id = append(append(y.id[:len(y.id):len(y.id)], '-'), number(nil, uint32(attempt.Call))...)
		name, _ := json.Marshal(l.CustomID) // cannot fail: a string
		b := y.named(e.out[:0], `{"id":"batch_req_`)
		b = append(append(b, `","custom_id":`...), name...)
		b = y.named(b, `,"response":{"status_code":200,"request_id":"req_`)
		b = y.f.style.whole(append(b, `","body":`...), &y)
		e.out = append(b, "},\"error\":null}\n"...)
		if y.gone || !e.write(e.out) {
			return
		}
	}
}
