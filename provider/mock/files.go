package mock

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// What may be kept beside the bounds on bytes: uploads until they are deleted,
// answers never, for they are made anew when they are fetched.
const (
	mostFiles    = 1000 // of one account, and so many batches
	mostFilename = 255  // bytes
	mostPurpose  = 64   // bytes; the longest that OpenAI knows has 17
	// record is what a file or a batch is counted for in bytes beside what its client
	// has sent.
	record = 512
)

// shelf holds what an account has uploaded.
type shelf struct {
	mu      sync.Mutex
	files   []*file
	batches []*batch
}

// file is one that was uploaded, or the answers to a batch.
type file struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Bytes    int    `json:"bytes"`
	Created  int64  `json:"created_at"`
	Filename string `json:"filename"`
	Purpose  string `json:"purpose"`
	Status   string `json:"status"`
	data     []byte
}

// size returns the bytes that f is counted for.
func (f *file) size() int64 { return record + int64(cap(f.data)+len(f.Filename)+len(f.Purpose)) }

// problem is why a request about files or batches fails.
type problem struct {
	status  int
	message string
}

func (p problem) Error() string { return p.message }

func missing(what, id string) error {
	return problem{http.StatusNotFound, "No such " + what + " object: " + id}
}

func invalid(message string) error { return problem{http.StatusBadRequest, message} }

// writeList sends things as OpenAI lists them, the newest first.
func writeList[T any](e *exchange, all []T) {
	e.w.Header()["Content-Type"] = jsonType
	b := append(e.out, `{"data":[`...)
	for i, v := range slices.Backward(all) {
		one, _ := json.Marshal(v) // cannot fail: plain fields
		if b = append(b, one...); i > 0 {
			b = append(b, ',')
		}
		b = e.spill(b)
	}
	e.out = append(b, "],\"first_id\":null,\"has_more\":false,\"last_id\":null,\"object\":\"list\"}\n"...)
	e.write(e.out)
}

func (e *exchange) listFiles() (any, error) {
	s := &e.account.shelf
	s.mu.Lock()
	all := slices.Clone(s.files)
	s.mu.Unlock()
	writeList(e, all)
	return nil, nil
}

// upload keeps a file that comes as multipart/form-data.
func (e *exchange) upload() (any, error) {
	f, err := e.uploaded()
	if f == nil {
		return nil, err
	}
	s := &e.account.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) == mostFiles || !e.account.stored.take(f.size()) {
		return nil, problem{http.StatusRequestEntityTooLarge, "No more room for files. Delete some."}
	}
	s.files = append(s.files, f)
	return f, nil
}

// uploaded reads the form with a file; it returns none when it has answered itself.
func (e *exchange) uploaded() (*file, error) {
	kind, parameters, err := mime.ParseMediaType(e.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, invalid("A file is uploaded as multipart/form-data.")
	}
	if !e.readBody(e.s.c.Bounds.Body) {
		return nil, nil
	}
	f := &file{ID: "file-" + string(e.id), Object: "file", Created: time.Now().Unix(), Status: "processed"}
	form := multipart.NewReader(bytes.NewReader(e.body), parameters["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = f.part(part, len(e.body))
		}
		if _, ok := errors.AsType[problem](err); ok {
			return nil, err
		} else if err != nil {
			return nil, invalid("The form could not be read.")
		}
	}
	if f.Filename == "" || f.Purpose == "" {
		return nil, invalid("'file' and 'purpose' are required.")
	}
	return f, nil
}

// part reads a field of a form that has so many bytes. It skips fields that it does
// not know.
func (f *file) part(part *multipart.Part, most int) error {
	switch part.FormName() {
	case "purpose":
		purpose, err := io.ReadAll(io.LimitReader(part, mostPurpose+1))
		if len(purpose) > mostPurpose {
			return invalid("'purpose' has more than " + strconv.Itoa(mostPurpose) + " bytes.")
		}
		f.Purpose = string(purpose)
		return err
	case "file":
		if f.data != nil {
			return invalid("The form has more than one file.")
		}
		if f.Filename = part.FileName(); len(f.Filename) > mostFilename {
			return invalid("The name of the file has more than " + strconv.Itoa(mostFilename) + " bytes.")
		}
		f.data = make([]byte, most) // the form is in memory, so that this is not promised but sent
		n, err := io.ReadFull(part, f.data)
		f.data, f.Bytes = f.data[:n], n
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	return nil
}

// find returns the file of that id, and its place; nil if there is none.
func (s *shelf) find(id string) (*file, int) {
	i := slices.IndexFunc(s.files, func(f *file) bool { return f.ID == id })
	if i < 0 {
		return nil, i
	}
	return s.files[i], i
}

// getFile tells of one file.
func (e *exchange) getFile() (any, error) {
	id, s := e.r.PathValue("id"), &e.account.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, _ := s.find(id); f != nil {
		return f, nil
	}
	if j, input := s.answered(e, id); input != nil {
		return file{ID: id, Object: "file", Created: j.after(e, batchTakes).Unix(), Filename: id + ".jsonl", Purpose: "batch_output", Status: "processed"}, nil
	}
	return nil, missing("File", id)
}

func (e *exchange) deleteFile() (any, error) {
	id, s := e.r.PathValue("id"), &e.account.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	f, i := s.find(id)
	if f == nil {
		return nil, missing("File", id)
	}
	s.files = slices.Delete(s.files, i, i+1)
	e.account.stored.give(f.size())
	return map[string]any{"id": id, "object": "file", "deleted": true}, nil
}

// content sends what is in a file.
func (e *exchange) content() (any, error) {
	id, s := e.r.PathValue("id"), &e.account.shelf
	s.mu.Lock()
	f, _ := s.find(id)
	j, input := s.answered(e, id)
	s.mu.Unlock()
	switch {
	case f != nil:
		e.w.Header().Set("Content-Type", "application/jsonl")
		e.write(f.data)
	case input == nil:
		return nil, missing("File", id)
	case e.hold(perByte * int64(len(input.data))):
		e.w.Header().Set("Content-Type", "application/jsonl")
		e.answers(j, input.data)
	}
	return nil, nil
}
