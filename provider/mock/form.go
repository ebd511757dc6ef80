package mock

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"ratesim/provider/wire"
)

// form is one kind of request to a model: which vendors take it, where it says
// what it wants, and how it is answered.
type form struct {
	vendors []string
	dialect *wire.Dialect // of refusals before the deployment is known
	verb    bool          // stands after the model in the path
	inBody  bool          // the body says whether to stream
	stream  bool          // always streams
	kind    []string      // the content type of a stream; nil = text/event-stream
	embeds  bool          // produces no text
	marks   bool          // requests say themselves what of a prompt is kept in a cache
	style   style
	list    modelList
}

func (f *form) speaks(vendor string) bool { return slices.Contains(f.vendors, vendor) }

// model returns the model that the path of a request names; empty if the body has it.
func (f *form) model(r *http.Request) string {
	name := r.PathValue("model")
	if f.verb {
		name, _, _ = strings.Cut(name, ":")
	}
	return name
}

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

// kinds says how requests of each API are read and answered.
var kinds = [...]form{
	wire.Chat:           {inBody: true, style: chatStyle{}},
	wire.Responses:      {inBody: true, style: responsesStyle{}},
	wire.Embeddings:     {embeds: true, style: embedStyle{}},
	wire.Files:          {},
	wire.Models:         {list: openAIList{}},
	wire.Messages:       {inBody: true, marks: true, style: messagesStyle{}},
	wire.CountMessages:  {style: messagesStyle{}},
	wire.MessageModels:  {list: anthropicList{}},
	wire.Generate:       {},
	wire.GenerateModels: {list: geminiList{}},
	wire.Converse:       {marks: true, style: converseStyle{}},
	wire.ConverseStream: {stream: true, marks: true, kind: binaryType, style: converseStyle{}},
}

// verbs are those of Gemini, after the colon of a path.
var verbs = map[string]form{
	"generateContent":       {verb: true, style: geminiStyle{}},
	"streamGenerateContent": {verb: true, stream: true, kind: jsonType, style: geminiStyle{list: true}},
	"embedContent":          {verb: true, embeds: true, style: geminiEmbedStyle{}},
	"batchEmbedContents":    {verb: true, embeds: true, style: geminiEmbedStyle{many: true}},
	"countTokens":           {verb: true, style: geminiStyle{}},
}

// routes lists what the server answers, at the paths that the vendors' dialects have.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	takes := map[wire.Route][]string{} // which vendors take requests there
	marks := map[wire.Route]string{}
	for i := range wire.Dialects {
		for _, r := range wire.Dialects[i].Routes {
			takes[r], marks[r] = append(takes[r], wire.Dialects[i].Vendor), wire.Dialects[i].Mark
		}
	}
	shared := map[string][]marked{}
	for r, vendors := range takes {
		for pattern, h := range s.handlers(r, s.form(kinds[r.API], vendors)) {
			shared[pattern] = append(shared[pattern], marked{marks[r], h})
		}
	}
	for pattern, handlers := range shared {
		mux.HandleFunc(pattern, byMark(handlers))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.handle(s.form(form{}, nearest(r.URL.Path)), func(e *exchange) {
			e.fail(http.StatusNotFound, "Invalid URL ("+r.Method+" "+r.URL.Path+")")
		})(w, r)
	})
	return mux
}

// form returns a form that some vendors take.
func (s *Server) form(f form, vendors []string) *form {
	f.vendors = vendors
	f.dialect, _ = wire.DialectOf(vendors[0])
	for _, d := range slices.Backward(s.dialects) {
		if f.speaks(d.Vendor) {
			f.dialect = d
		}
	}
	return &f
}

// marked is a handler of requests that have some header, or of any; see wire.Dialect.
type marked struct {
	mark   string
	handle http.HandlerFunc
}

// byMark returns a handler that tells apart what is sent to one path in different forms.
func byMark(list []marked) http.HandlerFunc {
	if len(list) == 1 {
		return list[0].handle
	}
	slices.SortFunc(list, func(a, b marked) int { return strings.Compare(b.mark, a.mark) }) // the one without a mark comes last
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(list, func(m marked) bool { return m.mark != "" && r.Header.Get(m.mark) != "" })
		if i < 0 {
			i = len(list) - 1
		}
		list[i].handle(w, r)
	}
}

// nearest returns the vendors one of whose paths begins like path the longest.
func nearest(path string) []string {
	var vendors []string
	most := -1
	for i := range wire.Dialects {
		d, shared := &wire.Dialects[i], 0
		for _, r := range d.Routes {
			shared = max(shared, alike(r.Path, path))
		}
		if shared > most {
			vendors, most = nil, shared
		}
		if shared == most {
			vendors = append(vendors, d.Vendor)
		}
	}
	return vendors
}

// alike returns how many parts of two paths are the same from the beginning.
func alike(a, b string) int {
	parts, others := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(parts) && n < len(others) && parts[n] == others[n] {
		n++
	}
	return n
}

// handlers returns the handlers of a route, by the patterns of their requests.
func (s *Server) handlers(r wire.Route, f *form) map[string]http.HandlerFunc {
	post, get := "POST "+r.Path, "GET "+r.Path
	switch r.API {
	case wire.Files:
		return s.files(r.Path, f)
	case wire.Models, wire.MessageModels, wire.GenerateModels:
		return map[string]http.HandlerFunc{get: s.handle(f, (*exchange).models)}
	case wire.CountMessages:
		return map[string]http.HandlerFunc{post: s.handle(f, func(e *exchange) { e.count("input_tokens") })}
	case wire.Generate:
		return map[string]http.HandlerFunc{post: s.generates(f)}
	}
	return map[string]http.HandlerFunc{post: s.handle(f, (*exchange).generate)}
}

// files returns the handlers of files and batches.
func (s *Server) files(prefix string, f *form) map[string]http.HandlerFunc {
	handlers := map[string]http.HandlerFunc{}
	for route, answer := range map[string]func(*exchange) (any, error){
		"GET /files": (*exchange).listFiles, "POST /files": (*exchange).upload, "GET /files/{id}": (*exchange).getFile,
		"DELETE /files/{id}": (*exchange).deleteFile, "GET /files/{id}/content": (*exchange).content,
		"GET /batches": (*exchange).listBatches, "POST /batches": (*exchange).createBatch,
		"GET /batches/{id}": (*exchange).getBatch, "POST /batches/{id}/cancel": (*exchange).cancelBatch,
	} {
		method, path, _ := strings.Cut(route, " ")
		handlers[method+" "+prefix+path] = s.handle(f, func(e *exchange) {
			if !e.enter(nil) {
				return
			}
			said, err := answer(e)
			if p, ok := errors.AsType[problem](err); ok {
				e.fail(p.status, p.message)
			} else if said != nil {
				writeJSON(e.w, said)
			}
		})
	}
	return handlers
}

// generates returns the handler of what has one of Gemini's verbs after a colon.
func (s *Server) generates(f *form) http.HandlerFunc {
	byVerb := map[string]http.HandlerFunc{}
	for verb, kind := range verbs {
		answer := (*exchange).generate
		if verb == "countTokens" {
			answer = func(e *exchange) { e.count("totalTokens") }
		}
		byVerb[verb] = s.handle(s.form(kind, f.vendors), answer)
	}
	events := verbs["streamGenerateContent"]
	events.kind, events.style = nil, geminiStyle{}
	asEvents := s.handle(s.form(events, f.vendors), (*exchange).generate)
	return func(w http.ResponseWriter, r *http.Request) {
		_, verb, _ := strings.Cut(r.PathValue("model"), ":")
		handle, known := byVerb[verb]
		switch {
		case !known:
			s.handle(f, func(e *exchange) { e.fail(http.StatusNotFound, "unknown verb "+verb) })(w, r)
		case verb == "streamGenerateContent" && r.URL.Query().Get("alt") == "sse":
			asEvents(w, r)
		default:
			handle(w, r)
		}
	}
}

// count answers how many tokens a request has, which no limit counts here.
func (e *exchange) count(field string) {
	if e.enter(nil) && e.read() {
		writeJSON(e.w, map[string]int{field: e.s.c.Count(e.query.Model, e.query.Text)})
	}
}
