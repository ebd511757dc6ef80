package presets

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ratesim/provider/wire"
	"ratesim/strategies"
)

// preset is a client library in one version, as it is out of the box. Of what
// it does, only its retries are modelled: a scenario sets the timeout of
// attempts, which most of them have at ten minutes.
type preset struct {
	name, about string
	loop        loop
	inside      string // the preset whose calls it retries, unless it sends itself
	attempts    bool   // its max_retries counts attempts, the first among them
}

// presets are read from the libraries' sources, at the version named; those marked
// so also wait as was recorded from the real library. The versions of a library
// stand from old to new.
func presets() []preset { return slices.Concat(stainlessPresets(), otherPresets(), articlePresets()) }

// What libraries take for too long, in seconds.
const minute, twoMinutes = 60.0, 120.0

// stainlessPresets are the SDKs of OpenAI and Anthropic.
func stainlessPresets() []preset {
	return []preset{
		{name: "sdk:openai-python@2", about: "the version before #3555 of 2026-07: obeys a Retry-After of up to 60s",
			loop: stainless(within(minute, true))},
		{name: "sdk:openai-python@3.3", about: "obeys a Retry-After of up to 120s; gives up when asked to wait longer",
			loop: stainless(orGiveUp(twoMinutes, true))},
		{name: "sdk:openai-node@6.25", about: "obeys a Retry-After of less than 60s (client.js)",
			loop: stainless(below(minute))},
		{name: "sdk:openai-node@6.33", about: "obeys any Retry-After, even of days (client.js; issue #1840)",
			loop: stainless(anything)},
		{name: "sdk:openai-node@7.57", about: "obeys a Retry-After of up to 60s; does not retry an answer that is cut (recorded)",
			loop: stainless(within(minute, false)).retrying(unlessCut)},
		{name: "sdk:openai-go@3.24", about: "obeys a Retry-After of less than 60s, also of 0 (requestconfig.go)",
			loop: stainless(under(minute))},
		{name: "sdk:openai-go@3.52", about: "obeys any Retry-After (requestconfig.go)",
			loop: stainless(anything)},
		{name: "sdk:openai-go@3.66", about: "obeys a Retry-After of up to 8s; asked to wait longer, it comes back after 8s, too early (requestconfig.go; since 3.53)",
			loop: stainless(func(asked, _, _ float64) float64 { return min(asked, 8) })},
		{name: "sdk:openai-go@3.96", about: "obeys a Retry-After of up to 120s; gives up when asked to wait longer; retries neither a timeout nor an answer that is cut (recorded)",
			loop: stainless(orGiveUp(twoMinutes, false)).retrying(unlessLate)},
		{name: "sdk:anthropic-python@0.121", about: "obeys a Retry-After of up to 60s",
			loop: stainless(within(minute, true))},
		{name: "sdk:anthropic-typescript@0.74", about: "obeys a Retry-After of less than 60s (client.js)",
			loop: stainless(below(minute))},
		{name: "sdk:anthropic-typescript@1.13", about: "obeys any Retry-After; does not retry an answer that is cut (recorded)",
			loop: stainless(func(asked, _, _ float64) float64 { return heedIf(asked > 0, asked) }).retrying(unlessCut)},
		{name: "sdk:anthropic-go@1.26", about: "obeys a Retry-After of less than 60s, also of 0 (requestconfig.go)",
			loop: stainless(under(minute))},
		{name: "sdk:anthropic-go@1.84", about: "obeys any Retry-After (recorded)",
			loop: stainless(anything)},
	}
}

func otherPresets() []preset {
	return []preset{
		{name: "sdk:google-genai@2.19", about: "does not retry unless it is told to; then max_retries is 4. It reads no header",
			loop: loop{retries: transient, backoff: func(u float64, k int) float64 { return min(doubled(1, k)+u, 60) }}},
		{name: "sdk:azcore@1.24", about: "Azure's library for Go: obeys a Retry-After of up to 60s; gives up when asked to wait longer",
			loop: loop{retries: transient, backoff: func(u float64, k int) float64 {
				return min(0.8*(doubled(1, k+1)-1)*(0.8+0.5*u), 60)
			}, heeds: orGiveUp(minute, true), maxRetries: 3}},
		{name: "sdk:botocore@1.43", about: "AWS's library for Python in standard mode: takes retries from a quota, and reads no header",
			loop: loop{retries: throttled, backoff: func(u float64, k int) float64 { return u * min(doubled(1, k), 20) },
				quota: true, maxRetries: 2}},
		{name: "sdk:vercel-ai@7", about: "waits 2s, then 4s, without jitter; obeys a Retry-After of less than 60s (recorded)",
			loop: loop{retries: stainlessRetries, backoff: func(_ float64, k int) float64 { return doubled(2, k) },
				heeds:      func(asked, backoff, _ float64) float64 { return heedIf(asked < minute || asked < backoff, asked) },
				maxRetries: 2}},
		{name: "sdk:litellm@1", about: "obeys a Retry-After of up to 60s but not retry-after-ms; adds up to 0.75s to every wait",
			loop: loop{retries: stainlessRetries, backoff: func(u float64, k int) float64 { return min(doubled(0.5, k), 8) + 0.75*u },
				heeds: func(asked, _, u float64) float64 { return heedIf(asked > 0 && asked <= minute, asked+0.75*u) },
				whole: true, maxRetries: 2}},
		{name: "sdk:tenacity@9", about: "the recipe of OpenAI's cookbook: six attempts, with random waits from 1s to 2^k s; retries any error and reads no header",
			loop: loop{retries: anyFailure, backoff: func(u float64, k int) float64 { return 1 + u*(min(doubled(1, k), 60)-1) },
				maxRetries: 5}},
		{name: "sdk:cenkalti-backoff@5.0", about: "waits 0.5s, growing by half up to 60s, ±50%, for 15 minutes; a Retry-After starts the waits anew",
			loop: loop{retries: serverSide, backoff: func(u float64, k int) float64 {
				return min(0.5*math.Pow(1.5, float64(k)), 60) * (0.5 + u)
			}, heeds: func(asked, _, _ float64) float64 { return heedIf(asked > 0, asked) },
				whole: true, restarts: true, maxRetries: math.MaxInt, maxElapsed: 15 * time.Minute}},
		{name: "sdk:go-retryablehttp@0.7", about: "waits 1s, doubling up to 30s, without jitter; obeys any Retry-After",
			loop: loop{retries: implemented, backoff: func(_ float64, k int) float64 { return min(doubled(1, k), 30) },
				heeds: anything, whole: true, refusals: true, maxRetries: 4}},
		{name: "sdk:failsafe-go@0.9", about: "its HTTP policy: obeys any Retry-After, and retries at once without one",
			loop: loop{retries: implemented, backoff: func(float64, int) float64 { return 0 },
				heeds: anything, whole: true, refusals: true, maxRetries: 2}},
	}
}

// articlePresets are the article's code as it is printed.
func articlePresets() []preset {
	return []preset{
		{name: "article:backoff", about: "the article's loop as printed, around an SDK that retries too; it does not catch timeouts; after a 5xx it waits as long as after a 429, without jitter",
			loop: loop{retries: articleRetries, backoff: func(u float64, k int) float64 {
				return min(doubled(1, k), 60) * (0.75 + 0.5*u)
			}, onFault: func(_ float64, k int) float64 { return doubled(1, k) }, maxRetries: 5}, inside: articleSDK, attempts: true},
		{name: "article:headers", about: "the article's code for headers as printed, which reads no header: a bare call of the SDK. What the article advises is header-aware",
			loop: stainless(within(minute, true))},
	}
}

// articleSDK is what the article's code calls: the openai package of its day.
const articleSDK = "sdk:openai-python@2"

// stainless is what the SDKs of OpenAI and Anthropic share, which one generator
// writes: two retries, after half a second doubled each time up to eight, less up
// to a quarter of it.
func stainless(heeds func(asked, backoff, u float64) float64) loop {
	return loop{
		retries:    stainlessRetries,
		backoff:    func(u float64, k int) float64 { return min(doubled(0.5, k), 8) * (1 - 0.25*u) },
		heeds:      heeds,
		obeys:      true,
		maxRetries: 2,
	}
}

// doubled returns s * 2^k.
func doubled(s float64, k int) float64 { return math.Ldexp(s, k) }

func heedIf(heed bool, wait float64) float64 {
	if heed {
		return wait
	}
	return math.NaN()
}

func anything(asked, _, _ float64) float64 { return asked }

// within heeds up to most, and 0 unless it must be positive.
func within(most float64, positive bool) func(asked, backoff, u float64) float64 {
	return func(asked, _, _ float64) float64 { return heedIf(asked <= most && (asked > 0 || !positive), asked) }
}

// under heeds what is less than bound, and 0.
func under(bound float64) func(asked, backoff, u float64) float64 {
	return func(asked, _, _ float64) float64 { return heedIf(asked < bound, asked) }
}

// below heeds what is positive and less than bound.
func below(bound float64) func(asked, backoff, u float64) float64 {
	return func(asked, _, _ float64) float64 { return heedIf(asked > 0 && asked < bound, asked) }
}

// orGiveUp is within, but gives up when asked for more.
func orGiveUp(most float64, positive bool) func(asked, backoff, u float64) float64 {
	heeds := within(most, positive)
	return func(asked, backoff, u float64) float64 {
		if asked > most {
			return giveUp
		}
		return heeds(asked, backoff, u)
	}
}

// lost reports whether no answer came, or not all of it.
func lost(r *wire.Reply) bool {
	return r.Status == wire.StatusTimeout || r.Status == wire.StatusReset || r.Status == wire.StatusCut
}

func anyFailure(*wire.Reply) bool { return true }

// stainlessRetries does not look at why a 429 was sent: an account without
// credit is retried too.
func stainlessRetries(r *wire.Reply) bool {
	return lost(r) || r.Status == 408 || r.Status == 409 || r.Status == wire.StatusTooManyRequests || r.Status >= 500
}

// unlessCut is what stainlessRetries is where the answer's body is read after the loop of
// retries.
func unlessCut(r *wire.Reply) bool { return r.Status != wire.StatusCut && stainlessRetries(r) }

// unlessLate also takes a timeout for the end of the call.
func unlessLate(r *wire.Reply) bool { return r.Status != wire.StatusTimeout && unlessCut(r) }

// retrying returns l with another set of failures that it retries.
func (l loop) retrying(what func(*wire.Reply) bool) loop {
	l.retries = what
	return l
}

func transient(r *wire.Reply) bool {
	return lost(r) || slices.Contains([]int{408, 429, 500, 502, 503, 504}, r.Status)
}

// throttled takes a 429 to carry one of AWS's codes for throttling, as Bedrock's
// do: botocore goes by the code, and does not retry a bare 429 (botocore#2635).
func throttled(r *wire.Reply) bool {
	return lost(r) || slices.Contains([]int{429, 500, 502, 503, 504}, r.Status)
}

func serverSide(r *wire.Reply) bool {
	return lost(r) || r.Status == wire.StatusTooManyRequests || r.Status >= 500
}

func implemented(r *wire.Reply) bool { return serverSide(r) && r.Status != 501 }

// articleRetries: a timeout is no APIStatusError, and the loop does not catch
// it.
func articleRetries(r *wire.Reply) bool {
	return r.Status == wire.StatusTooManyRequests || r.Status >= 500
}

// Entries returns the rows of the catalog, in the order in which they are best explained.
func Entries() []strategies.Entry {
	return slices.Concat([]strategies.Entry{
		{Name: "layers", About: "a retry library around a client library that retries too, so that their attempts multiply",
			Keeps: strategies.KeepsTimers, Builder: strategies.Builder{Params: []strategies.Param{layersParam}, Make: buildLayers}},
	}, presetEntries(), holdingEntries(), paperEntries())
}

// presetEntries returns the rows of the presets.
func presetEntries() []strategies.Entry {
	var entries []strategies.Entry
	for _, p := range presets() {
		layers := []loop{p.loop}
		if p.inside != "" {
			inner, _ := findPreset(p.inside)
			layers = []loop{inner.loop, p.loop}
		}
		first := 0
		if p.attempts {
			first = 1
		}
		retries := loopRetries(p.loop.maxRetries + first)
		switch {
		case p.attempts:
			retries.Min, retries.About = 1, "attempts including the first, as the article counts them; the article's value"
		case p.loop.maxRetries > maxLoopRetries:
			retries.Default, retries.About = "", "most retries after the first attempt; default: the time alone limits them"
		}
		params := []strategies.Param{retries}
		if p.loop.maxElapsed > 0 {
			params = append(params, strategies.MaxElapsed(p.loop.maxElapsed))
		}
		entries = append(entries, strategies.Entry{Name: p.name, About: p.about, Keeps: strategies.KeepsTimers, Builder: strategies.Builder{
			Params: params,
			Make: func(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
				own := slices.Clone(layers)
				if v.Given("max_retries") {
					own[len(own)-1].maxRetries = int(v.Number("max_retries")) - first
				}
				own[len(own)-1].maxElapsed = v.Duration("max_elapsed")
				return buildLibrary(own), nil
			}}})
	}
	return entries
}

// holdingEntries returns the rows of client libraries, and for code of
// the article, that hold calls back before they send them. Defaults are those
// of the code.
func holdingEntries() []strategies.Entry {
	retries := loopRetries(2)
	return []strategies.Entry{
		{Name: "sdk:botocore-adaptive@1.43", About: "AWS's library for Python in adaptive mode: as sdk:botocore, behind a limiter of requests per second that 429s switch on and lower and that CUBIC raises",
			Keeps: strategies.KeepsBeliefs, Builder: strategies.Builder{Params: []strategies.Param{retries}, Make: buildCubic}},
		{Name: "sdk:cookbook-parallel@1", About: "the parallel processor of OpenAI's cookbook: a bucket of requests and one of tokens. No call overtakes one that waits, so a call larger than the bucket blocks all others for good",
			Keeps: strategies.KeepsBooks, Builder: strategies.Builder{Params: slices.Concat([]strategies.Param{loopRetries(4)}, processorParams), Make: buildProcessor}},
		{Name: "sdk:langchain-limiter@1", About: "LangChain's InMemoryRateLimiter around openai-python: it limits requests per second, knows no tokens, keeps no order, and does not see the retries of openai-python",
			Keeps: strategies.KeepsBooks, Builder: strategies.Builder{Params: slices.Concat([]strategies.Param{retries}, creditParams), Make: buildCredits}},
		{Name: "article:bucket", About: "the article's token bucket as printed, around the SDK: every call takes 1,000 tokens, whatever its size; calls poll the bucket and give up after 30s; it does not correct for tokens used",
			Keeps: strategies.KeepsBooks, Builder: strategies.Builder{Params: slices.Concat([]strategies.Param{retries}, articleBucketParams), Make: buildArticleBucket}},
		{Name: "article:queue", About: "the article's queue as printed, around the SDK: ten workers; it counts a request only after its success, and ignores tokens and priorities",
			Keeps: strategies.KeepsBooks, Builder: strategies.Builder{Params: slices.Concat([]strategies.Param{retries}, articleQueueParams), Make: buildArticleQueue}},
		{Name: "article:batch-sleep", About: "the article's pacing of batch jobs: one call at a time through the SDK, then a sleep of the mean tokens of a call ÷ the limit",
			Keeps: strategies.KeepsBooks, Alone: true, Builder: strategies.Builder{Params: slices.Concat([]strategies.Param{retries}, batchSleepParams), Make: buildBatchSleep}},
	}
}

// around returns a client library, by the name of its preset, in front of which
// calls are paced.
func around(preset string, v strategies.Values) func(strategies.Env) library {
	p, _ := findPreset(preset)
	layers := []loop{p.loop}
	layers[0].maxRetries = v.Count("max_retries")
	return func(env strategies.Env) library { return library{key: env.Key, layers: layers} }
}

func loopRetries(usual int) strategies.Param {
	return strategies.Param{Name: "max_retries", Kind: strategies.CountParam, Default: fmt.Sprint(usual), Max: maxLoopRetries,
		About: "most retries after the first attempt; the library's own default"}
}

func buildLibrary(layers []loop) strategies.Factory {
	return func(env strategies.Env) strategies.Strategy { return &library{key: env.Key, layers: layers} }
}

// findPreset finds a preset as Find does.
func findPreset(name string) (p preset, ok bool) {
	for _, q := range presets() {
		if strategies.Named(q.name, name) {
			p, ok = q, true
		}
	}
	return p, ok
}

var layersParam = strategies.Param{Name: "layers", Kind: strategies.LayersParam, Default: "tenacity, openai-python",
	About: "two client libraries, the outer one first; each attempt of the outer one is a whole call of the inner one"}

func buildLayers(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
	layers, err := parseLayers(v.Text(layersParam.Name))
	if err != nil {
		return nil, []strategies.ParamError{{Param: layersParam.Name, Msg: err.Error()}}
	}
	return buildLibrary(layers), nil
}

// parseLayers reads the names of two presets, outermost first, and returns their
// loops innermost first.
func parseLayers(s string) ([]loop, error) {
	var layers []loop
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		p, ok := findPreset(libraryPrefix + strings.TrimPrefix(name, libraryPrefix))
		if !ok {
			return nil, fmt.Errorf("must name client libraries (%s), not %q", strings.Join(presetNames(), ", "), name)
		}
		layers = slices.Insert(layers, 0, p.loop)
	}
	if len(layers) != 2 {
		return nil, fmt.Errorf("must name two client libraries, the outer one first, such as %s; not %d", layersParam.Default, len(layers))
	}
	return layers, nil
}

// libraryPrefix begins the names of client libraries, which can be layers; there it
// may be left out.
const libraryPrefix = "sdk:"

// presetNames returns the names of those that can be layers.
func presetNames() []string {
	var names []string
	for _, p := range presets() {
		if library, ok := strings.CutPrefix(p.name, libraryPrefix); ok {
			names = append(names, library)
		}
	}
	return names
}
