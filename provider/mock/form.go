package mock

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// form is one kind of request to a model: which vendors take it, where it says
// what it wants, and how it is answered.
type form struct {
	vendors []string
	model   func(r *http.Request) string // from the path; empty if the body has it
	inBody  bool                         // the body says whether to stream
	stream  bool                         // always streams
	kind    []string                     // the content type of a stream; nil = text/event-stream
	embeds  bool                         // produces no text
	marks   bool                         // requests say themselves what of a prompt is kept in a cache
	style   style
}

func (f *form) speaks(vendor string) bool { return slices.Contains(f.vendors, vendor) }

// style is what an API's requests ask for and how its completions look in JSON. Methods
// that return bytes append to b.
type style interface {
	// asks returns what the body of a request asks of its answer; e has what is known of
	// it. It is called for those alone that ask for more than text; see wire.Query.
	asks(body []byte, e *exchange) (*asks, error)

	whole(b []byte, e *exchange) []byte         // an answer in one piece
	begin(b []byte, e *exchange) []byte         // events before the first part of an answer
	open(b []byte, e *exchange, p *part) []byte // those with which a part begins
	piece(b []byte, e *exchange, p *part, from, to uint32) []byte
	close(b []byte, e *exchange, p *part) []byte // those with which a part ends, and its choice if it is the last
	end(b []byte, e *exchange) []byte            // events after the last part
	// broken is an error after the last text; status and body are those of the same error
	// without a stream.
	broken(b []byte, e *exchange, status int, body []byte) []byte
}

func inBody(*http.Request) string { return "" }

func inPath(r *http.Request) string { return r.PathValue("model") }

// routes lists what the server answers. Paths are those of the vendors' own
// references.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	likeOpenAI := []string{"openai", "mistral", "cerebras", "xai"}
	add := func(prefix string, vendors []string, model func(*http.Request) string) {
		chat := &form{vendors: vendors, model: model, inBody: true, style: chatStyle{}}
		responses := &form{vendors: vendors, model: model, inBody: true, style: responsesStyle{}}
		embed := &form{vendors: vendors, model: model, embeds: true, style: embedStyle{}}
		for path, f := range map[string]*form{"/chat/completions": chat, "/responses": responses, "/embeddings": embed} {
			mux.HandleFunc("POST "+prefix+path, s.handle(f, (*exchange).generate))
		}
	}
	s.files(mux, "/v1", likeOpenAI)
	s.files(mux, "/openai/v1", []string{"azure", "groq"})
	s.files(mux, "/openai", []string{"azure"})
	add("/openai", []string{"azure"}, inBody)
	add("/v1", likeOpenAI, inBody)
	add("/openai/v1", []string{"azure", "groq"}, inBody)
	add("/openai/deployments/{model}", []string{"azure"}, inPath)
	messages := &form{vendors: []string{"anthropic"}, model: inBody, inBody: true, marks: true, style: messagesStyle{}}
	mux.HandleFunc("POST /v1/messages", s.handle(messages, (*exchange).generate))
	mux.HandleFunc("POST /v1/messages/count_tokens", s.handle(messages, func(e *exchange) { e.count("input_tokens") }))
	converse := &form{vendors: []string{"bedrock"}, model: inPath, marks: true, style: converseStyle{}}
	mux.HandleFunc("POST /model/{model}/converse", s.handle(converse, (*exchange).generate))
	streamed := &form{vendors: converse.vendors, model: inPath, stream: true, marks: true, kind: binaryType, style: converseStyle{}}
	mux.HandleFunc("POST /model/{model}/converse-stream", s.handle(streamed, (*exchange).generate))
	for _, version := range []string{"/v1beta", "/v1"} {
		mux.HandleFunc("POST "+version+"/models/{model}", s.gemini)
	}
	for path, vendors := range map[string][]string{"/v1/models": append(likeOpenAI, "anthropic"), "/openai/v1/models": {"azure", "groq"}, "/v1beta/models": {"gemini"}} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { s.models(w, r, vendors) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		vendors := likeOpenAI
		switch {
		case strings.HasPrefix(r.URL.Path, "/openai/"):
			vendors = []string{"azure", "groq"}
		case strings.HasPrefix(r.URL.Path, "/v1/messages"):
			vendors = []string{"anthropic"}
		case strings.HasPrefix(r.URL.Path, "/v1beta/"), strings.HasPrefix(r.URL.Path, "/v1/models/"):
			vendors = []string{"gemini"}
		case strings.HasPrefix(r.URL.Path, "/model/"):
			vendors = []string{"bedrock"}
		}
		s.handle(&form{vendors: vendors}, func(e *exchange) {
			e.fail(http.StatusNotFound, "Invalid URL ("+r.Method+" "+r.URL.Path+")")
		})(w, r)
	})
	return mux
}

// files adds the routes of files and batches.
func (s *Server) files(mux *http.ServeMux, prefix string, vendors []string) {
	f := &form{vendors: vendors}
	for route, answer := range map[string]func(*exchange) (any, error){
		"GET /files": (*exchange).listFiles, "POST /files": (*exchange).upload, "GET /files/{id}": (*exchange).getFile,
		"DELETE /files/{id}": (*exchange).deleteFile, "GET /files/{id}/content": (*exchange).content,
		"GET /batches": (*exchange).listBatches, "POST /batches": (*exchange).createBatch,
		"GET /batches/{id}": (*exchange).getBatch, "POST /batches/{id}/cancel": (*exchange).cancelBatch,
	} {
		method, path, _ := strings.Cut(route, " ")
		mux.HandleFunc(method+" "+prefix+path, s.handle(f, func(e *exchange) {
			if !e.enter(nil) {
				return
			}
			said, err := answer(e)
			if p, ok := errors.AsType[problem](err); ok {
				e.fail(p.status, p.message)
			} else if said != nil {
				writeJSON(e.w, said)
			}
		}))
	}
}

// gemini answers what has its verb after a colon.
func (s *Server) gemini(w http.ResponseWriter, r *http.Request) {
	model, verb, _ := strings.Cut(r.PathValue("model"), ":")
	f := &form{vendors: []string{"gemini"}, model: func(*http.Request) string { return model }, style: geminiStyle{}}
	switch verb {
	case "generateContent":
		s.handle(f, (*exchange).generate)(w, r)
	case "streamGenerateContent":
		list := r.URL.Query().Get("alt") != "sse"
		if f.stream, f.style = true, (geminiStyle{list: list}); list {
			f.kind = jsonType
		}
		s.handle(f, (*exchange).generate)(w, r)
	case "embedContent", "batchEmbedContents":
		f.embeds, f.style = true, geminiEmbedStyle{many: verb == "batchEmbedContents"}
		s.handle(f, (*exchange).generate)(w, r)
	case "countTokens":
		s.handle(f, func(e *exchange) { e.count("totalTokens") })(w, r)
	default:
		s.handle(f, func(e *exchange) { e.fail(http.StatusNotFound, "unknown verb "+verb) })(w, r)
	}
}

// count answers how many tokens a request has, which no limit counts here.
func (e *exchange) count(field string) {
	if e.enter(nil) && e.read() {
		writeJSON(e.w, map[string]int{field: e.s.c.Count(e.query.Model, e.query.Text)})
	}
}

// models lists the deployments of some vendors; where Anthropic is among them and
// others too, those that the client's headers ask for.
func (s *Server) models(w http.ResponseWriter, r *http.Request, vendors []string) {
	if slices.Contains(vendors, "anthropic") {
		anthropic := r.Header.Get("Anthropic-Version") != ""
		vendors = slices.DeleteFunc(slices.Clone(vendors), func(v string) bool { return (v == "anthropic") != anthropic })
	}
	s.handle(&form{vendors: vendors}, (*exchange).models)(w, r)
}

func (e *exchange) models() {
	if !e.enter(nil) {
		return
	}
	s, w, vendors := e.s, e.w, e.f.vendors
	list := []map[string]any{}
	for i := range s.c.Deployments {
		d := &s.c.Deployments[i]
		if !e.f.speaks(d.Config.Vendor) {
			continue
		}
		switch name := s.naming.listed(&d.Config); vendors[0] {
		case "gemini":
			list = append(list, map[string]any{"name": "models/" + name, "displayName": name, "supportedGenerationMethods": []string{"generateContent", "countTokens"}})
		case "anthropic":
			list = append(list, map[string]any{"type": "model", "id": name, "display_name": name, "created_at": s.created.UTC().Format(time.RFC3339)})
		default:
			list = append(list, map[string]any{"id": name, "object": "model", "created": s.created.Unix(), "owned_by": d.Config.Vendor})
		}
	}
	switch vendors[0] {
	case "gemini":
		writeJSON(w, map[string]any{"models": list})
	case "anthropic":
		writeJSON(w, map[string]any{"data": list, "has_more": false, "first_id": nil, "last_id": nil})
	default:
		writeJSON(w, map[string]any{"object": "list", "data": list})
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only when the client is gone
}
