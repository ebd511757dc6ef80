package workload

import (
	"encoding/json"
	"strconv"
	"strings"
)

// openAIResult is one result of a bucket of OpenAI's usage API,
// GET /v1/organization/usage/completions (schema UsageCompletionsResult of
// openai/openai-openapi, specification 2.3.0).
type openAIResult struct {
	Object   string      `json:"object"`
	Input    json.Number `json:"input_tokens"` // cached ones among them
	Cached   json.Number `json:"input_cached_tokens"`
	Output   json.Number `json:"output_tokens"`
	Requests json.Number `json:"num_model_requests"`
	Project  string      `json:"project_id"` // this and those below are null unless grouped by
	User     string      `json:"user_id"`
	Key      string      `json:"api_key_id"`
	Model    string      `json:"model"`
	Batch    bool        `json:"batch"`
	Tier     string      `json:"service_tier"`
}

// openOpenAI reads pages of the usage API. Results of the batch API are left
// out where they are told apart: batches have limits of their own.
func openOpenAI(in *input) reader {
	batch := in.note("is usage of the batch API, which has limits of its own; it is left out")
	return openPages(in, "start_time", "end_time", func(r *openAIResult, it *item) string {
		if !strings.HasPrefix(r.Object, "organization.usage.") && r.Object != "" {
			return "is a " + excerpt(r.Object) + "; want the usage of completions"
		}
		it.Model = r.Model
		it.id = nameHash(r.Project, r.User, r.Key, r.Model, strconv.FormatBool(r.Batch), r.Tier)
		if r.Batch {
			batch.add(it.Line)
			return ""
		}
		return counts(counted{"input_tokens", r.Input, &it.Prompt}, counted{"input_cached_tokens", r.Cached, &it.Cached},
			counted{"output_tokens", r.Output, &it.Output}, counted{"num_model_requests", r.Requests, &it.Requests})
	})
}

// openAICSV reads the CSV that the usage dashboard of OpenAI exports: one row
// for each bucket and group. Only notes of users describe it, so columns go by
// name, and all that hold no counts tell groups apart.
type openAICSV struct {
	*table
	batch *note
}

const (
	openAIStart = iota
	openAIEnd
	openAIInput
	openAIOutput
	openAIRequests
	openAICached
	openAIModel
	openAIIsBatch
)

func openOpenAICSV(in *input) reader {
	t := openTable(in, true, 2, "start_time", "end_time", "input_tokens", "output_tokens", "num_model_requests", "input_cached_tokens", "model", "batch")
	t.most = maxCount
	if in.err == nil && !t.rows.has(openAIInput) && !t.rows.has(openAIOutput) {
		in.fail(1, 0, "has no columns input_tokens and output_tokens; the export of a time without usage has none")
	}
	return &openAICSV{t, in.note("is usage of the batch API, which has limits of its own; it is left out")}
}

func (o *openAICSV) next(it *item) bool {
	if !o.table.next(it) || !o.moment(openAIStart, &it.Start) || !o.width(openAIEnd, it) ||
		!o.count(openAIInput, &it.Prompt) || !o.count(openAIOutput, &it.Output) ||
		!o.count(openAIRequests, &it.Requests) || !o.count(openAICached, &it.Cached) {
		return false
	}
	it.Model, it.id = o.word(openAIModel), o.rows.(*csvFields).group()
	if strings.EqualFold(o.text(openAIIsBatch), "true") {
		o.batch.add(it.Line)
		it.Requests, it.Prompt, it.Cached, it.Output = 0, 0, 0, 0
	}
	return true
}
