package mock_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider/mock"
)

// upload sends lines as a file and returns what the server says to it.
func upload(t *testing.T, s *mock.Server, lines string) string {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("purpose", "batch")
	part, err := w.CreateFormFile("file", "in.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(lines))
	_ = w.Close()
	_, got := do(t, s, "POST", "/v1/files", form.String(), "Content-Type: "+w.FormDataContentType())
	return got
}

// do is ask, and returns the body too.
func do(_ *testing.T, s *mock.Server, method, path, body string, header ...string) (*http.Response, string) {
	w := ask(s, method, path, body, header...)
	return w.Result(), w.Body.String()
}

// field returns what stands at path, as "choices.0.message.content", in body.
func field(t testing.TB, body, path string) any {
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Errorf("%v in %s", err, body)
		return nil
	}
	for _, name := range strings.Split(path, ".") {
		switch e := v.(type) {
		case map[string]any:
			v = e[name]
		case []any:
			if v = nil; len(e) > 0 {
				v = e[0]
			}
		default:
			return nil
		}
	}
	return v
}

// A batch goes through its states, and each request is answered.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offer(t, mock.Config{}, all...)
		lines := `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"content":"four"}],"max_tokens":3}}

{"custom_id":"b\"","method":"POST","url":"/v1/embeddings","body":{"model":"gpt-4o","input":["x","y"],"dimensions":2}}
`
		file, _ := field(t, upload(t, s, lines), "id").(string)
		get := func(path, name string) any {
			_, got := do(t, s, "GET", path, "")
			return field(t, got, name)
		}
		if _, got := do(t, s, "GET", "/v1/files/"+file+"/content", ""); got != lines {
			t.Errorf("uploaded %q, got %q", lines, got)
		}
		create := `{"input_file_id":"` + file + `","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"k":"v"}}`
		_, got := do(t, s, "POST", "/v1/batches", create)
		id, _ := field(t, got, "id").(string)
		path := "/v1/batches/" + id
		for i, want := range []string{"validating", "in_progress", "completed"} {
			if status := get(path, "status"); status != want || field(t, got, "request_counts.total") != 2.0 {
				t.Errorf("%v after %d, want %s; %s", status, i, want, got)
			}
			time.Sleep(5 * time.Second)
		}
		output, _ := get(path, "output_file_id").(string)
		if get("/v1/files/"+output, "purpose") != "batch_output" || get("/v1/batches", "data.0.id") != id || get("/v1/files", "data.0.id") != file {
			t.Error("files or batches are not found")
		}
		_, got = do(t, s, "GET", "/v1/files/"+output+"/content", "")
		answers := strings.Split(strings.TrimSpace(got), "\n")
		if len(answers) != 2 || field(t, answers[0], "custom_id") != "a" || field(t, answers[0], "response.body.usage.completion_tokens") != 3.0 ||
			field(t, answers[1], "custom_id") != `b"` || field(t, answers[1], "response.body.data.0.object") != "embedding" {
			t.Errorf("%s", got)
		}
		if _, got := do(t, s, "POST", path+"/cancel", ""); field(t, got, "error.message") != "A batch that is completed cannot be cancelled." {
			t.Errorf("%s", got)
		}
		_, got = do(t, s, "POST", "/v1/batches", create)
		id, _ = field(t, got, "id").(string)
		if _, got := do(t, s, "POST", "/v1/batches/"+id+"/cancel", ""); field(t, got, "status") != "cancelled" {
			t.Errorf("%s", got)
		}
		if r, got := do(t, s, "DELETE", "/v1/files/"+file, ""); r.StatusCode != 200 || field(t, got, "deleted") != true {
			t.Errorf("%s", got)
		}
		for _, path := range []string{"/v1/files/" + file, "/v1/files/" + output, "/v1/files/" + output + "/content", "/v1/batches/x"} {
			if r, _ := do(t, s, "GET", path, ""); r.StatusCode != 404 {
				t.Errorf("%s: %d, want 404", path, r.StatusCode)
			}
		}
	})
}

func TestBatchErrors(t *testing.T) {
	s := offer(t, mock.Config{Bounds: mock.Bounds{Body: 2000}}, all...)
	for lines, want := range map[string]string{
		"":                          "The file is empty.",
		"{":                         "This line is not parseable as valid JSON.",
		`{"url":"/v1/x","body":{}}`: "Missing required parameter: 'custom_id'.",
		`{"custom_id":"a","url":"/v1/responses","body":[]}`:                                "the body of your request must be a JSON object",
		`{"custom_id":"a","url":"/v1/models","body":{"model":"gpt-4o"}}`:                   "Invalid URL: /v1/models",
		`{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"no","input":"a"}}`: "The model `no` does not exist or you do not have access to it.",
	} {
		file, _ := field(t, upload(t, s, lines), "id").(string)
		create, _ := json.Marshal(map[string]string{"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"})
		_, got := do(t, s, "POST", "/v1/batches", string(create))
		if field(t, got, "status") != "failed" || field(t, got, "errors.data.0.message") != want {
			t.Errorf("%s: %s, want %s", lines, got, want)
		}
	}
	if got := upload(t, s, strings.Repeat("x", 2000)); field(t, got, "error.message") != "The body has more than 2000 bytes." {
		t.Errorf("%s", got)
	}
	for _, k := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/v1/files", "x", 400},
		{"POST", "/v1/batches", "{", 400},
		{"POST", "/v1/batches", `{"input_file_id":"x"}`, 404},
		{"PUT", "/v1/files", "", 404},
		{"DELETE", "/v1/files", "", 404},
		{"DELETE", "/v1/batches", "", 404},
	} {
		if r, got := do(t, s, k.method, k.path, k.body); r.StatusCode != k.status || field(t, got, "error.type") == nil {
			t.Errorf("%s %s: %d %s, want %d", k.method, k.path, r.StatusCode, got, k.status)
		}
	}
}

// Files are an account's own, and gone with it.
func TestFilesOfOthers(t *testing.T) {
	s := offer(t, mock.Config{}, all...)
	file, _ := field(t, upload(t, s, "{}"), "id").(string)
	ids := func(header ...string) string {
		_, got := do(t, s, "GET", "/openai/files?api-version=2024-10-21", "", header...)
		id, _ := field(t, got, "data.0.id").(string)
		return id
	}
	if got := ids(); got != file || file == "" {
		t.Errorf("%q, want %q", got, file)
	}
	if got := ids("Api-Key: other"); got != "" {
		t.Errorf("another account sees %s", got)
	}
	s.Reset()
	if got := ids(); got != "" {
		t.Errorf("%s is left", got)
	}
}

// An account has room for so much, and again when files are deleted.
func TestRoom(t *testing.T) {
	s := offer(t, mock.Config{Bounds: mock.Bounds{Body: 64 << 20}}, all...)
	large := strings.Repeat("x", 33<<20)
	file, _ := field(t, upload(t, s, large), "id").(string)
	if got := upload(t, s, large); field(t, got, "error.message") != "No more room for files. Delete some." {
		t.Errorf("%.200s", got)
	}
	do(t, s, "DELETE", "/v1/files/"+file, "")
	if got := upload(t, s, large); field(t, got, "id") == nil {
		t.Errorf("after one was deleted: %.200s", got)
	}
}

// FuzzBatch: whatever is uploaded, a batch of it fails or has an answer in JSON for
// every request.
func FuzzBatch(f *testing.F) {
	f.Add(`{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"content":"four"}],"max_tokens":3}}` + "\n")
	f.Add(`{"custom_id":"\u0000","url":"/v1/embeddings","body":{"model":"gpt-4o","input":[1,2],"dimensions":1,"encoding_format":"base64"}}`)
	s := offer(f, mock.Config{Speed: 1e12}, all...)
	f.Fuzz(func(t *testing.T, lines string) {
		s.Reset() // or there is no more room some day
		file, _ := field(t, upload(t, s, lines), "id").(string)
		create, _ := json.Marshal(map[string]string{"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"})
		_, got := do(t, s, "POST", "/v1/batches", string(create))
		id, _ := field(t, got, "id").(string)
		_, got = do(t, s, "GET", "/v1/batches/"+id, "")
		output, done := field(t, got, "output_file_id").(string)
		if failed := field(t, got, "status") == "failed"; failed == done {
			t.Fatalf("failed %v, done %v: %s", failed, done, got)
		} else if failed {
			return
		}
		_, got = do(t, s, "GET", "/v1/files/"+output+"/content", "")
		n := 0.0
		for line := range strings.Lines(got) {
			if n++; !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		_, got = do(t, s, "GET", "/v1/batches/"+id, "")
		if total := field(t, got, "request_counts.completed"); total != n {
			t.Errorf("%v answers to %v requests", n, total)
		}
	})
}
