package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

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

// mostLines is how many requests one batch may have.
const mostLines = 50_000

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

func (v *shelves) listBatches(e *exchange) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := []batch{}
	for _, j := range v.shelf(e.account).batches {
		all = append(all, j.now(e))
	}
	return listing(all), nil
}

// create begins a batch.
func (v *shelves) create(e *exchange) (any, error) {
	if !e.readBody(e.s.c.MaxBody) {
		return nil, nil
	}
	var q struct {
		Input    string            `json:"input_file_id"`
		Endpoint string            `json:"endpoint"`
		Window   string            `json:"completion_window"`
		Metadata map[string]string `json:"metadata"`
	}
	if err := json.Unmarshal(e.body, &q); err != nil {
		return nil, problem{http.StatusBadRequest, "we could not parse the JSON body of your request"}
	}
	v.mu.Lock()
	input, _ := v.shelf(e.account).find(q.Input)
	v.mu.Unlock()
	if input == nil {
		return nil, missing("File", q.Input)
	}
	if q.Endpoint == "" || q.Window == "" {
		return nil, problem{http.StatusBadRequest, "'endpoint' and 'completion_window' are required."}
	}
	at := time.Now()
	j := &batch{ID: "batch_" + string(e.id), Object: "batch", Endpoint: q.Endpoint, Input: q.Input, Window: q.Window, Status: "validating",
		Created: at.Unix(), Expires: at.Add(24 * time.Hour).Unix(), Metadata: q.Metadata, at: at}
	if line, why := j.check(e, input.data); why != "" {
		failed := at.Unix()
		j.Status, j.Failed = "failed", &failed
		j.Errors = &batchErrors{"list", []batchError{{"invalid_request", why, line}}}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.shelf(e.account)
	if len(s.batches) == mostFiles {
		return nil, problem{http.StatusBadRequest, "Too many batches."}
	}
	s.batches = append(s.batches, j)
	return *j, nil
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
	after := func(d time.Duration) time.Time { return v.at.Add(time.Duration(float64(d) / e.s.c.Speed)) }
	if !time.Now().Before(after(batchBegins)) {
		begun := after(batchBegins).Unix()
		v.Status, v.InProgress = "in_progress", &begun
	}
	if !time.Now().Before(after(batchTakes)) {
		ended, output := after(batchTakes).Unix(), outputOf(v.ID)
		v.Status, v.Completed, v.Output, v.Counts.Completed = "completed", &ended, &output, v.Counts.Total
	}
	return v
}

// batch returns the batch that the path names; the caller holds the lock.
func (v *shelves) batch(e *exchange) (*batch, error) {
	id, s := e.r.PathValue("id"), v.shelf(e.account)
	if i := slices.IndexFunc(s.batches, func(j *batch) bool { return j.ID == id }); i >= 0 {
		return s.batches[i], nil
	}
	return nil, missing("Batch", id)
}

func (v *shelves) getBatch(e *exchange) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	j, err := v.batch(e)
	if err != nil {
		return nil, err
	}
	return j.now(e), nil
}

func (v *shelves) cancel(e *exchange) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	j, err := v.batch(e)
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
	y.s, y.at, y.id = e.s, e.at, e.id
	y.f = &form{vendors: e.f.vendors, style: like}
	_, y.f.embeds = like.(embedStyle)
	err := wire.ParseQuery(l.Body, &y.query)
	deployment = e.s.deployment(y.f, y.query.Model)
	switch {
	case l.CustomID == "":
		return 0, "Missing required parameter: 'custom_id'."
	case like == nil:
		return 0, "Invalid URL: " + l.URL
	case err != nil:
		return 0, err.Error()
	case deployment < 0:
		return 0, "The model `" + y.query.Model + "` does not exist or you do not have access to it."
	case y.f.embeds && (y.query.Inputs > mostInputs || y.query.Dimensions > mostDimensions):
		return 0, "Too many inputs or dimensions."
	}
	y.model = e.s.names[deployment]
	return deployment, ""
}

// answers sends the answers to all requests of a batch.
func (e *exchange) answers(input []byte) {
	e.at = time.Now()
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
		attempt := e.s.attempt(&y.query, e.s.c.Deployments[deployment].Config.Model, y.f)
		attempt.Call = draws.calls
		draws.calls++
		if y.prompt = attempt.Prompt; !y.f.embeds {
			y.output = draws.length(&attempt)
		}
		y.id = append(append(y.id[:len(y.id):len(y.id)], '-'), number(nil, uint32(attempt.Call))...)
		name, _ := json.Marshal(l.CustomID) // cannot fail: a string
		b := y.named(e.out[:0], `{"id":"batch_req_`)
		b = append(append(b, `","custom_id":`...), name...)
		b = y.named(b, `,"response":{"status_code":200,"request_id":"req_`)
		b = y.f.style.whole(append(b, `","body":`...), &y)
		e.out = append(b, "},\"error\":null}\n"...)
		if !e.write(e.out) {
			return
		}
	}
}
