package workload

import (
	"encoding/json"
	"strings"
)

// liteLLM reads LiteLLM_SpendLogs of the LiteLLM proxy, one row a request: as
// CSV of its database, or JSON of its API.
type liteLLM struct {
	*table
	cache  *note
	status *note
}

const (
	liteStart = iota
	litePrompt
	liteOutput
	liteModel
	liteID
	liteCacheHit
	liteMetadata
	liteTeam
	liteUser
	liteEndUser
	liteStatus
	liteDuration
	liteSpend
)

func openLiteLLM(in *input) reader {
	return &liteLLM{openTable(in, true, 3, "startTime", "prompt_tokens", "completion_tokens", "model", "request_id", "cache_hit", "metadata",
		"team_id", "user", "end_user", "status", "request_duration_ms", "spend"),
		in.note("was answered from the proxy's own cache and never reached a provider; it is left out"),
		in.note("has a status that is none of HTTP, nor success or failure; it is not used")}
}

func (l *liteLLM) next(it *item) bool {
	for l.table.next(it) {
		if strings.EqualFold(l.word(liteCacheHit), "true") {
			l.cache.add(it.Line)
			continue
		}
		if !l.time(liteStart, &it.Start) || !l.count(litePrompt, &it.Prompt) || !l.count(liteOutput, &it.Output) ||
			!l.duration(liteDuration, 1e-3, &it.Latency) || !l.cost(liteSpend, it) {
			return false
		}
		it.Requests, it.Model, it.Tenant = 1, l.word(liteModel), l.word(liteTeam, liteUser, liteEndUser)
		l.statusOf(liteStatus, l.status, it)
		if id := l.text(liteID); id != "" {
			it.id = nameHash(id)
		}
		return l.cached(&it.Cached)
	}
	return false
}

// cached reads the cached tokens, which newer versions keep in the usage that
// the provider sent, within the metadata.
func (l *liteLLM) cached(n *int64) bool {
	var m struct {
		Usage struct {
			Read    json.Number `json:"cache_read_input_tokens"`
			Details struct {
				Cached json.Number `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
		} `json:"usage_object"`
	}
	raw := l.rows.text(liteMetadata)
	if len(raw) == 0 {
		return true
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return l.fail(liteMetadata, "metadata is not JSON as expected: %v", err)
	}
	text := m.Usage.Details.Cached
	if text == "" || text == "0" {
		text = m.Usage.Read
	}
	var ok bool
	*n, ok = parseCount([]byte(text))
	return ok || l.fail(liteMetadata, "cached tokens in metadata must be a whole number, got %s", excerpt(string(text)))
}
