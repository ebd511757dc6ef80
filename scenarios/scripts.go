package scenarios

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"ratesim/provider/script"
)

// Bounds of scripts: a client has given up long before either.
const (
	mostTimes     = 1000
	mostScripted  = 10 * time.Minute
	mostCallsOfIt = 1_000_000_000
)

// ParseScripts reads a list of scripts, which say what a mock provider replies to a
// client's calls. The name file is for messages. Everything wrong is reported at once,
// as Errors.
func ParseScripts(file string, data []byte) ([]script.Script, error) {
	p := &problems{}
	var list []script.Script
	if root := parseDocument(file, data, "a list of scripts; [] is none", p); root != nil {
		names := map[string]int{}
		cursor{problems: p, n: root, path: "scripts"}.items("scripts", func(i int, c cursor) {
			s := readScript(c)
			if first, twice := names[s.Name]; twice && s.Name != "" {
				c.child("name").fail("is the name of scripts[%d] already", first)
			}
			names[s.Name] = i
			list = append(list, s)
		})
	}
	if len(p.found) > 0 {
		return nil, p.err()
	}
	return list, nil
}

func readScript(c cursor) (s script.Script) {
	s.Where = fmt.Sprintf("%s:%d:%d", c.n.at.file, c.n.at.line, c.n.at.column)
	c.mapping(
		may("name", headerText(&s.Name)),
		may("match", func(c cursor) {
			s.Matches = true
			c.mapping(may("model", text(&s.Match.Model)), may("path", text(&s.Match.Path)), may("key", text(&s.Match.Key)), may("contains", text(&s.Match.Contains)))
		}),
		may("calls", count(&s.Calls, 1, mostCallsOfIt)),
		need("replies", func(c cursor) {
			c.items("replies", func(_ int, c cursor) { s.Replies = append(s.Replies, readReply(c)) })
			if c.n.kind == list && len(c.n.items) == 0 {
				c.fail("is empty; want at least one reply, such as 429")
			}
		}),
	)
	return s
}

// headerText reads a text that a header can have.
func headerText(dst *string) reader {
	return func(c cursor) {
		text(dst)(c)
		if strings.ContainsFunc(*dst, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(*dst) != *dst {
			c.fail("want visible ASCII characters, as headers have, got %s", quote(*dst))
		}
	}
}

// scriptedStatus reads a status, or decide.
func scriptedStatus(r *script.Reply) reader {
	return func(c cursor) {
		const want = "the status 200, or one from 400 to 599, or decide, with which the deployment decides"
		s, ok := c.scalar(want)
		if !ok || s == "decide" {
			return
		}
		for _, b := range []bounds{{200, 200}, {400, 599}} {
			if v, ok := b.parse(s, 1); ok && v == float64(int(v)) {
				r.Status = int(v)
				return
			}
		}
		c.fail("want %s, got %s", want, quote(s))
	}
}

// readReply reads a reply: a mapping, or its status alone.
func readReply(c cursor) (r script.Reply) {
	if c.n.kind == scalar {
		scriptedStatus(&r)(c)
		return r
	}
	var limit string
	known := make([]string, len(script.Limits))
	for i, l := range script.Limits {
		known[i] = l.String()
	}
	wait := func(form script.Form) reader {
		return func(c cursor) {
			if r.Wait.Form != script.NoWait {
				c.fail("a reply has one of retry_after, retry_after_date and retry_after_ms")
			}
			r.Wait.Form = form
			duration(&r.Wait.For, 0, 24*time.Hour)(c)
		}
	}
	least := uint32(1)
	c.mapping(
		need("status", scriptedStatus(&r)),
		may("times", count(&r.Times, 1, mostTimes)),
		may("for", duration(&r.For, time.Millisecond, mostScripted)),
		may("limit", oneOf(&limit, "limit", known)),
		may("message", text(&r.Message)),
		may("retry_after", wait(script.Seconds)),
		may("retry_after_date", wait(script.Date)),
		may("retry_after_ms", wait(script.Millis)),
		may("headers", readHeaders(&r)),
		may("delay", duration(&r.Delay, 0, mostScripted)),
		may("break_after", count(&r.BreakAfter, least, 10_000)),
		may("error_after", count(&r.ErrorAfter, least, 10_000)),
	)
	for _, l := range script.Limits {
		if l.String() == limit {
			r.Limit = l
		}
	}
	checkReply(c, &r)
	return r
}

// checkReply reports keys that do not go together.
func checkReply(c cursor, r *script.Reply) {
	only := func(key string, ok bool, want string) {
		if k := c.child(key); k.ok() && !ok {
			k.fail("%s", want)
		}
	}
	const other = "the other of times and for says how long the reply is given"
	only("for", r.Times == 0, other)
	only("limit", r.Status == http.StatusTooManyRequests, "only a reply with status 429 names a limit")
	only("message", r.Status >= 400, "only an error has a message")
	for _, key := range []string{"break_after", "error_after"} {
		only(key, r.Status == 200, "only an answer with status 200 can break")
	}
	only("error_after", r.BreakAfter == 0, "an answer ends in one way: leave out break_after or error_after")
	if r.Status == 0 {
		for _, key := range []string{"retry_after", "retry_after_date", "retry_after_ms", "headers"} {
			only(key, false, "the deployment decides about this reply; give a status to set headers")
		}
	}
	if k := c.child("retry_after"); k.ok() && r.Wait.For%time.Second != 0 {
		k.fail("Retry-After has whole seconds; want retry_after_ms for a wait of %s", short(r.Wait.For))
	}
}

// readHeaders reads headers that a reply has.
func readHeaders(r *script.Reply) reader {
	return func(c cursor) {
		if !c.is(mapping, "a mapping of headers, such as {x-should-retry: \"false\"}") {
			return
		}
		r.Headers = map[string]string{}
		for _, e := range c.n.keys {
			var value string
			headerText(&value)(c.child(e.key))
			if name := http.CanonicalHeaderKey(e.key); name == "Content-Length" || name == "Transfer-Encoding" {
				c.add(e.at, join(c.path, e.key), "is set by the server, which knows the length of its answer")
			}
			if strings.ContainsFunc(e.key, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("():;,\"/", r) }) || e.key == "" {
				c.add(e.at, join(c.path, e.key), "is no name of a header")
			}
			r.Headers[http.CanonicalHeaderKey(e.key)] = value
		}
	}
}
