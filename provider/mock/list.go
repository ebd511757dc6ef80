package mock

import (
	"encoding/json"
	"net/http"
	"time"
)

// modelList is how an API lists the models that there are.
type modelList interface {
	model(id, vendor string, created time.Time) any
	whole(models []any) any
}

type openAIList struct{}

func (openAIList) model(id, vendor string, created time.Time) any {
	return map[string]any{"id": id, "object": "model", "created": created.Unix(), "owned_by": vendor}
}

func (openAIList) whole(models []any) any { return map[string]any{"object": "list", "data": models} }

type anthropicList struct{}

func (anthropicList) model(id, _ string, created time.Time) any {
	return map[string]any{"type": "model", "id": id, "display_name": id, "created_at": created.UTC().Format(time.RFC3339)}
}

func (anthropicList) whole(models []any) any {
	return map[string]any{"data": models, "has_more": false, "first_id": nil, "last_id": nil}
}

type geminiList struct{}

func (geminiList) model(id, _ string, _ time.Time) any {
	return map[string]any{"name": "models/" + id, "displayName": id, "supportedGenerationMethods": []string{"generateContent", "countTokens"}}
}

func (geminiList) whole(models []any) any { return map[string]any{"models": models} }

// models lists the deployments of the vendors that take the request.
func (e *exchange) models() {
	if !e.enter(nil) {
		return
	}
	s, models := e.s, []any{}
	for i := range s.c.Deployments {
		if vendor := s.c.Deployments[i].Config.Vendor; e.f.speaks(vendor) {
			models = append(models, e.f.list.model(s.naming.listed[i], vendor, s.created))
		}
	}
	writeJSON(e.w, e.f.list.whole(models))
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only when the client is gone
}
