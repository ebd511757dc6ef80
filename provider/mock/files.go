package mock

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// What may be kept: uploads until they are deleted, answers never, for they are
// made anew when they are fetched.
const (
	mostStored   = 64 << 20 // bytes of one account
	mostAllFiles = 1 << 30  // bytes of all accounts
	mostFiles    = 1000     // of one account, and so many batches
)

// shelves holds what accounts have uploaded.
type shelves struct {
	mu     sync.Mutex
	of     map[string]*shelf // by account
	stored int
}

type shelf struct {
	files   []*file
	batches []*batch
	stored  int
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

func (v *shelves) reset() {
	v.mu.Lock()
	v.of, v.stored = map[string]*shelf{}, 0
	v.mu.Unlock()
}

// shelf returns the shelf of an account; the caller holds the lock.
func (v *shelves) shelf(account string) *shelf {
	s := v.of[account]
	if s == nil {
		s = &shelf{}
		v.of[account] = s
	}
	return s
}

// problem is why a request about files or batches fails.
type problem struct {
	status  int
	message string
}

func (p problem) Error() string { return p.message }

func missing(what, id string) error {
	return problem{http.StatusNotFound, "No such " + what + " object: " + id}
}

// listing is how OpenAI lists things, the newest first.
func listing[T any](all []T) map[string]any {
	slices.Reverse(all)
	return map[string]any{"object": "list", "data": all, "has_more": false, "first_id": nil, "last_id": nil}
}

func (v *shelves) listFiles(e *exchange) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return listing(append([]*file{}, v.shelf(e.account).files...)), nil
}

// upload keeps a file that comes as multipart/form-data.
func (v *shelves) upload(e *exchange) (any, error) {
	f, err := e.uploaded()
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.shelf(e.account)
	if len(s.files) == mostFiles || s.stored+f.Bytes > mostStored || v.stored+f.Bytes > mostAllFiles {
		return nil, problem{http.StatusRequestEntityTooLarge, "No more room for files. Delete some."}
	}
	s.files = append(s.files, f)
	s.stored += f.Bytes
	v.stored += f.Bytes
	return f, nil
}

// uploaded reads the form with a file.
func (e *exchange) uploaded() (*file, error) {
	most := e.s.c.MaxBody
	e.r.Body = http.MaxBytesReader(e.w, e.r.Body, most)
	form, err := e.r.MultipartReader()
	if err != nil {
		return nil, problem{http.StatusBadRequest, "A file is uploaded as multipart/form-data."}
	}
	f := &file{ID: "file-" + string(e.id), Object: "file", Created: time.Now().Unix(), Status: "processed"}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(part)
		}
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, problem{http.StatusRequestEntityTooLarge, "The file is larger than " + strconv.FormatInt(most, 10) + " bytes."}
		} else if err != nil {
			return nil, problem{http.StatusBadRequest, "The form could not be read."}
		}
		switch part.FormName() {
		case "purpose":
			f.Purpose = string(data)
		case "file":
			f.Filename, f.data, f.Bytes = part.FileName(), data, len(data)
		}
	}
	if f.Filename == "" || f.Purpose == "" {
		return nil, problem{http.StatusBadRequest, "'file' and 'purpose' are required."}
	}
	return f, nil
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
func (v *shelves) getFile(e *exchange) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id, s := e.r.PathValue("id"), v.shelf(e.account)
	if f, _ := s.find(id); f != nil {
		return f, nil
	}
	if j, input := s.answered(e, id); input != nil {
		return file{ID: id, Object: "file", Created: j.Created, Filename: id + ".jsonl", Purpose: "batch_output", Status: "processed"}, nil
	}
	return nil, missing("File", id)
}

func (v *shelves) deleteFile(e *exchange) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id, s := e.r.PathValue("id"), v.shelf(e.account)
	f, i := s.find(id)
	if f == nil {
		return nil, missing("File", id)
	}
	s.files = slices.Delete(s.files, i, i+1)
	s.stored -= f.Bytes
	v.stored -= f.Bytes
	return map[string]any{"id": id, "object": "file", "deleted": true}, nil
}

// content sends what is in a file.
func (v *shelves) content(e *exchange) (any, error) {
	id := e.r.PathValue("id")
	v.mu.Lock()
	s := v.shelf(e.account)
	f, _ := s.find(id)
	_, input := s.answered(e, id)
	v.mu.Unlock()
	if f == nil && input == nil {
		return nil, missing("File", id)
	}
	e.w.Header().Set("Content-Type", "application/jsonl")
	if f == nil {
		e.answers(input.data)
	} else {
		e.write(f.data)
	}
	return nil, nil
}
