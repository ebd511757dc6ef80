package workload

import (
	"encoding/json"
	"strings"
)

// langfuse reads observations that Langfuse exports to a blob store or from its
// API and pages, as CSV, JSON or lines of JSON. Those of type GENERATION are
// calls of a model; the others are skipped.
type langfuse struct {
	*table
	odd *note
}

const (
	fuseStart = iota
	fuseUsage
	fuseType
	fuseModel
	fuseID
	fuseUser
	fuseLatency
	fuseCost
)

func openLangfuse(in *input) reader {
	return &langfuse{openTable(in, true, 2, "start_time|startTime", "usage_details|usageDetails", "type", "provided_model_name|providedModelName|model", "id",
		"user_id|userId", "latency", "total_cost|totalCost|calculatedTotalCost"),
		in.note("has a total of tokens that is neither input and output nor the sum of all kinds; the sum of all kinds is used")}
}

func (l *langfuse) next(it *item) bool {
	for l.table.next(it) {
		if t := l.word(fuseType); t != "" && !strings.EqualFold(t, "GENERATION") {
			continue
		}
		if !l.time(fuseStart, &it.Start) || !l.usage(it) || !l.duration(fuseLatency, 1, &it.Latency) || !l.cost(fuseCost, it) {
			return false
		}
		it.Requests, it.Model, it.Tenant = 1, l.word(fuseModel), l.word(fuseUser)
		if id := l.text(fuseID); id != "" {
			it.id = nameHash(id)
		}
		return true
	}
	return false
}

// usage reads the tokens by kind. Langfuse's own integrations keep kinds apart:
// input is what input_cached_tokens is not. Where the total shows that it is
// input and output alone, the other kinds are parts of these.
func (l *langfuse) usage(it *item) bool {
	raw := l.rows.text(fuseUsage)
	if len(raw) == 0 {
		return true // failed, or not counted
	}
	var kinds map[string]json.Number
	if err := json.Unmarshal(raw, &kinds); err != nil {
		return l.fail(fuseUsage, "usage_details must be an object of numbers: %v", err)
	}
	var prompt, output, total int64 // total: -1 when there is none
	total = -1
	for kind, number := range kinds {
		n, ok := parseCount([]byte(number))
		switch {
		case !ok || n > l.most:
			return l.fail(fuseUsage, "%s in usage_details must be a whole number from 0 to %d, got %s", kind, l.most, excerpt(string(number)))
		case kind == "total":
			total = n
			continue
		case kind == "input":
			prompt = n
		case kind == "output":
			output = n
		}
		switch {
		case strings.HasPrefix(kind, "input") || strings.HasPrefix(kind, "cache"):
			it.Prompt += n
			if strings.Contains(kind, "cached") || strings.Contains(kind, "cache_read") {
				it.Cached += n
			}
		default:
			it.Output += n
		}
	}
	switch {
	case total < 0 || total == it.Prompt+it.Output:
	case total == prompt+output && it.Cached <= prompt:
		it.Prompt, it.Output = prompt, output
	default:
		l.odd.add(it.Line)
	}
	return true
}
