package strategies

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// pacedEntries returns the catalog's entries for client libraries, and for code of
// the article, that hold calls back before they send them. Defaults are those
// of the code.
func pacedEntries() []Entry {
	retries := loopRetries(2)
	return []Entry{
		{Name: "sdk:botocore-adaptive@1.43", About: "AWS's for Python in adaptive mode: sdk:botocore behind a limiter of requests per second, which 429s turn on and lower and CUBIC raises",
			Params: []Param{retries}, build: buildCubic},
		{Name: "sdk:cookbook-parallel@1", About: "the parallel processor of OpenAI's cookbook: a bucket of requests and one of tokens, nothing passes a call that waits; one that is larger than the bucket blocks it for good",
			Params: slices.Concat([]Param{loopRetries(4)}, processorParams), build: buildProcessor},
		{Name: "sdk:langchain-limiter@1", About: "LangChain's InMemoryRateLimiter around openai-python, whose retries it does not see: requests per second, no tokens, no order",
			Params: slices.Concat([]Param{retries}, creditParams), build: buildCredits},
		{Name: "article:bucket", About: "the article's token bucket as printed, around the SDK: polled, so that large calls can starve; given up after 30s; nothing trued up",
			Params: slices.Concat([]Param{retries}, articleBucketParams), build: buildArticleBucket},
		{Name: "article:queue", About: "the article's queue as printed, around the SDK: ten workers; notes a request after its success, never looks at tokens or priorities",
			Params: slices.Concat([]Param{retries}, articleQueueParams), build: buildArticleQueue},
		{Name: "article:batch-sleep", About: "the article's pacing of batch jobs: one call at a time through the SDK, then a sleep of mean tokens ÷ limit",
			Params: slices.Concat([]Param{retries}, batchSleepParams), Alone: true, build: buildBatchSleep},
	}
}

var (
	processorParams = []Param{
		{Name: "rpm", Kind: CountParam, Default: "1500", Min: 1, Max: maxLimit,
			About: "requests per minute, and the most the bucket holds; the script's default, half of an old limit"},
		{Name: "tpm", Kind: CountParam, Default: "125000", Min: 1, Max: maxLimit,
			About: "tokens per minute, and the most the bucket holds; the script's default, half of an old limit"},
		{Name: "pause", Kind: DurationParam, Default: "0s", Max: day,
			About: "from the last 429 until calls are sent again. The script's 15s need an error code of 429, as Azure sends; OpenAI's is a word, so there it never pauses"},
	}
	creditParams = []Param{
		{Name: "requests_per_second", Kind: NumberParam, Default: "1", Min: 0.001, Max: 1e6,
			About: "requests that accrue each second; the library's default"},
		{Name: "check_every", Kind: DurationParam, Default: "100ms", Min: 0.001, Max: day,
			About: "how often a waiting call looks; the library's default"},
		{Name: "max_bucket_size", Kind: NumberParam, Default: "1", Min: 1, Max: maxLimit,
			About: "most requests that accrue; the library's default"},
	}
	articleBucketParams = []Param{
		{Name: "capacity", Kind: CountParam, Default: "100000", Min: 1, Max: maxLimit,
			About: "most tokens the bucket holds; the article's"},
		{Name: "refill", Kind: NumberParam, Default: "33333", Min: 1, Max: maxLimit / 60,
			About: "tokens per second; the article's, for two million a minute"},
		{Name: "wait_timeout", Kind: DurationParam, Default: "30s", Min: 0.001, Max: day,
			About: "longest wait for tokens; the article's"},
	}
	articleQueueParams = []Param{
		{Name: "workers", Kind: CountParam, Default: "10", Min: 1, Max: 1e6,
			About: "calls made at a time; the article's"},
		{Name: "rpm", Kind: CountParam, Default: "500", Min: 1, Max: maxLimit,
			About: "requests per minute; the article's"},
	}
	batchSleepParams = []Param{
		{Name: "tpm", Kind: CountParam, Min: 1, Max: maxLimit,
			About: "tokens per minute; default: the advertised limit of the first deployment"},
		{Name: "mean_tokens", Kind: CountParam, Min: 1, Max: maxLimit,
			About: "tokens of a mean call; default: the mean cost of the calls so far"},
	}
)

// around returns a client library, by the name of its preset, in front of which
// calls are paced.
func around(preset string, v values) func(Env) library {
	p, _ := findPreset(preset)
	layers := []loop{p.loop}
	layers[0].maxRetries = v.count("max_retries")
	return func(env Env) library { return library{key: env.Key, layers: layers} }
}

func buildCubic(v values, _ Env) (Factory, []ParamError) {
	sdk := around("sdk:botocore@1.43", v)
	return func(env Env) Strategy { return &cubic{library: sdk(env), rate: firstRate} }, nil
}

func buildProcessor(v values, _ Env) (Factory, []ParamError) {
	rpm, tpm, pause := int64(v.count("rpm")), int64(v.count("tpm")), v.duration("pause")
	return func(Env) Strategy {
		return &processor{
			requests:   limit.NewBucket(rpm, rpm, time.Minute),
			tokens:     limit.NewBucket(tpm, tpm, time.Minute),
			maxRetries: v.count("max_retries"),
			pause:      pause,
			refused:    clock.Time(-pause),
		}
	}, nil
}

func buildCredits(v values, _ Env) (Factory, []ParamError) {
	sdk := around("sdk:openai-python@3.3", v)
	return func(env Env) Strategy {
		return &credits{
			library:   sdk(env),
			perSecond: v["requests_per_second"].number,
			most:      v["max_bucket_size"].number,
			every:     v.duration("check_every"),
			accrues:   accrual(v["requests_per_second"].number),
			due:       clock.Never,
		}
	}, nil
}

func buildArticleBucket(v values, _ Env) (Factory, []ParamError) {
	sdk := around(articleSDK, v)
	capacity, perMinute := int64(v.count("capacity")), int64(math.Round(60*v["refill"].number))
	return func(env Env) Strategy {
		return &articleBucket{
			library: sdk(env),
			polling: newPolling(v.duration("wait_timeout")),
			bucket:  limit.NewBucket(capacity, perMinute, time.Minute),
		}
	}, nil
}

func buildArticleQueue(v values, _ Env) (Factory, []ParamError) {
	sdk := around(articleSDK, v)
	return func(env Env) Strategy {
		return &crew{library: sdk(env), pace: &afterReply{most: v.count("rpm")}, idle: v.count("workers")}
	}, nil
}

func buildBatchSleep(v values, known Env) (Factory, []ParamError) {
	sdk, tpm := around(articleSDK, v), float64(known.Deployments[0].TPM)
	if t, given := v["tpm"]; given {
		tpm = t.number
	}
	if tpm == 0 {
		return nil, []ParamError{{Param: "tpm", Msg: fmt.Sprintf(
			"must be given, for deployment %q names no tokens per minute", known.Deployments[0].Name)}}
	}
	return func(env Env) Strategy {
		return &crew{library: sdk(env), pace: &meanSleep{perMinute: tpm, mean: v["mean_tokens"].number}, idle: 1}
	}, nil
}
