package mock

import (
	"hash/maphash"
	"strconv"
	"time"

	"ratesim/provider/calls"
	"ratesim/provider/conformance"
	"ratesim/provider/script"
)

// callHeaders carry what names a call for all its attempts: the idempotency keys of
// vendors' SDKs, and the invocation of AWS's. Names are spelled as in a http.Header, whose
// map is read without its Get, which spells names anew.
var callHeaders = [...]string{"Idempotency-Key", "X-Idempotency-Key", "Amz-Sdk-Invocation-Id"}

// longestName is how long an idempotency key may be with OpenAI and others; of a longer
// one, a hash is kept.
const longestName = 255

// retryHeader carries the number of attempts before this one, with the SDKs of OpenAI,
// Anthropic, Groq and others that are made alike.
const retryHeader = "X-Stainless-Retry-Count"

// identify finds out which call the request belongs to, once its body has been read.
func (e *exchange) identify() {
	if e.attempt != nil {
		return
	}
	e.arrived, e.same = time.Now(), e.s.content(e.r.Header.Get(script.Header), e.r.URL.Path, e.body)
	id := calls.ID{Key: e.key, Name: e.callName, Retry: -1, Body: e.same, Connection: e.r.RemoteAddr}
	for _, name := range callHeaders {
		if sent := e.r.Header[name]; id.Name == "" && len(sent) > 0 {
			id.Name = sent[0]
		}
	}
	if len(id.Name) > longestName {
		id.Name = strconv.FormatUint(maphash.String(e.s.hash, id.Name), 36)
	}
	if sent := e.r.Header[retryHeader]; len(sent) > 0 {
		if n, err := strconv.ParseUint(sent[0], 10, 16); err == nil {
			id.Retry = int(n)
		}
	}
	e.s.callsMu.Lock()
	defer e.s.callsMu.Unlock()
	e.attempt = e.s.calls.Begin(e.arrived, &id)
}

// content returns a hash of what all attempts of a call have in common.
func (s *Server) content(script, path string, body []byte) uint64 {
	var hash maphash.Hash
	hash.SetSeed(s.hash)
	for _, part := range [...]string{script, "\n", path, "\n"} {
		_, _ = hash.WriteString(part) // a hash takes all that is written
	}
	_, _ = hash.Write(body)
	return hash.Sum64()
}

// watch tells Config.Watch of a request, with what v lacks.
func (e *exchange) watch(v *conformance.Event) {
	if e.s.c.Watch == nil && e.attempt == nil {
		return
	}
	e.identify()
	v.Key, v.Deployment, v.Request, v.Body, v.Attempt = e.key, e.name, e.requestID(), e.same, *e.attempt
	e.told = v.Answer()
	if e.s.c.Watch != nil {
		e.s.c.Watch(*v)
	}
}

// conclude notes what became of the request. A client that hung up has not been asked for
// anything.
func (e *exchange) conclude() {
	if e.attempt == nil {
		return
	}
	if !e.answered {
		if e.told.Asked = false; e.told.Outcome == calls.Succeeded || e.told.Outcome == calls.Unanswered {
			e.told.Outcome = calls.Lost
		}
	}
	e.s.callsMu.Lock()
	defer e.s.callsMu.Unlock()
	e.s.calls.End(e.attempt, &e.told)
}
