package ui

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
)

// An upload is a file that was dropped on the page.
type upload struct {
	ID, Name string
	About    string
	path     string
	log      bool // else it is a scenario
}

// files are what was dropped, each in a folder of its own, and what is in the logs. They
// are removed when the program ends.
type files struct {
	dir  string
	most int64 // bytes of one, unpacked

	mu    sync.Mutex
	next  int
	list  []*upload
	known summaries
}

// summaries are what is in logs, by format and path.
type summaries map[string]workload.Summary

// mostFiles is how many files are kept; the oldest makes room.
const mostFiles = 8

func (f *files) get(id string) *upload {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.list {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (f *files) all() []*upload {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*upload{}, f.list...)
}

// describe sums a trace up, once for each that does not change, which are the uploaded
// and the embedded ones: every move of a slider reads the scenario again, and a log may
// have a million rows.
func (f *files) describe(l *workload.Log) (workload.Summary, error) {
	embedded := !strings.ContainsAny(l.Name, `/\.`)
	if !embedded && !strings.HasPrefix(l.Name, f.dir+string(filepath.Separator)) {
		return l.Describe()
	}
	key := l.Format + " " + l.Columns.String() + " " + strconv.FormatBool(l.SkipBadRows) + " " + l.Name
	f.mu.Lock()
	s, ok := f.known[key]
	f.mu.Unlock()
	if ok {
		return s, nil
	}
	s, err := l.Describe()
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.known[key] = s
	}
	return s, err
}

// named takes the folder of uploads out of a text, so that files go by the names that
// the user knows.
func (f *files) named(text string) string {
	for _, u := range f.all() {
		text = strings.ReplaceAll(text, u.path, u.Name)
	}
	return text
}

// keep adds an upload, and drops the oldest if there are too many.
func (f *files) keep(u *upload) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, u)
	if len(f.list) <= mostFiles {
		return
	}
	old := f.list[0]
	f.list = f.list[1:]
	for key := range f.known {
		if strings.HasSuffix(key, " "+old.path) {
			delete(f.known, key)
		}
	}
	_ = os.RemoveAll(filepath.Dir(old.path)) // what stays is removed with the whole folder
}

// drop writes what is uploaded to a file. Packed with gzip, it is unpacked.
func (f *files) drop(name string, body io.Reader) (*upload, error) {
	f.mu.Lock()
	f.next++
	u := &upload{ID: "file-" + strconv.Itoa(f.next), Name: plainName(name)}
	f.mu.Unlock()
	in := bufio.NewReader(body)
	var content io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte("\x1f\x8b")) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: unpacking: %w", u.Name, err)
		}
		content, u.Name = unpacked, strings.TrimSuffix(u.Name, ".gz")
	}
	folder := filepath.Join(f.dir, u.ID)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, fmt.Errorf("keeping %s: %w", u.Name, err)
	}
	u.path = filepath.Join(folder, u.Name)
	file, err := os.OpenFile(u.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keeping %s: %w", u.Name, err)
	}
	n, err := io.Copy(file, io.LimitReader(content, f.most+1))
	err = errors.Join(err, file.Close())
	if _, large := errors.AsType[*http.MaxBytesError](err); large || n > f.most {
		err = fmt.Errorf("is larger than %d MiB", f.most>>20)
	}
	if err != nil {
		_ = os.RemoveAll(folder) // the error is what the user needs to know
		return nil, fmt.Errorf("%s: %w", u.Name, err)
	}
	return u, nil
}

// plainName is a file's name without anything that means something in a path.
func plainName(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"/|?*`, r) {
			return '_'
		}
		return r
	}, name)
	if name == "." || name == ".." || name == "" || len(name) > 200 {
		return "log"
	}
	return name
}

// check finds out what an upload is, and whether it can be run.
func (s *server) check(u *upload) error {
	switch strings.ToLower(filepath.Ext(u.Name)) {
	case ".yaml", ".yml":
		file, err := scenarios.Open(u.path, nil)
		if err != nil {
			return err
		}
		spec, err := file.Read(scenarios.Options{Catalog: s.Catalog})
		if err != nil {
			return err
		}
		u.About = spec.About
		return nil
	}
	u.log = true
	sum, err := s.files.describe(&workload.Log{Name: u.path})
	if err != nil {
		return err
	}
	u.About = fmt.Sprintf("%d requests in %v", sum.Rows, sum.Span().Round(time.Second))
	return nil
}

// A dropped says what became of a file: an id, or what is wrong with it. A browser
// would note a refusal by status as an error of the page.
type dropped struct {
	ID      string `json:"id,omitempty"`
	Log     bool   `json:"log"`
	Problem string `json:"problem,omitempty"`
}

// upload takes a file that was dropped. The body is the file, the query has its name.
func (s *server) upload(w http.ResponseWriter, r *http.Request) {
	u, err := s.files.drop(r.URL.Query().Get("name"), http.MaxBytesReader(w, r.Body, s.files.most))
	answer := dropped{}
	if err == nil {
		if err = s.check(u); err == nil {
			s.files.keep(u)
			answer.ID, answer.Log = u.ID, u.log
		} else {
			err = errors.New(strings.ReplaceAll(err.Error(), u.path, u.Name))
			_ = os.RemoveAll(filepath.Dir(u.path)) // it is removed with the whole folder at the latest
		}
	}
	if err != nil {
		answer.Problem = err.Error()
	}
	sendJSON(w, answer)
}

func sendJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a page that is gone reads nothing
}
