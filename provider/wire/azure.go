package wire

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Azure OpenAI sends OpenAI's trios with resets in whole seconds. A standard
// deployment asks for waits of whole seconds, in retry-after and retry-after-ms;
// policy-id says whether calls or tokens ran out. A provisioned deployment
// sends its utilisation instead of trios, and waits to the millisecond until it
// is below 100 %; what its 429 says is not published, so the message here is this
// program's. Sources: MicrosoftDocs/azure-ai-docs quota-2.md (2026-05-06) and
// provisioned-get-started.md (2026-02-10); Azure/azure-openai-benchmark
// (utilisation); captured headers in EvolvingPrograms/oaib#11 and
// openai/openai-python#937.
//
// Its paths are those of a deployment, of api-version and of the API without versions.
var azure = Dialect{Vendor: "azure",
	Routes: slices.Concat(likeOpenAI("/openai/deployments/{model}")[:3], likeOpenAI("/openai")[:4], likeOpenAI("/openai/v1")),
	path:   "/openai/deployments/{model}/chat/completions?api-version=2024-10-21", ask: chatRequest, Key: "Api-Key",
	tiers:     []tier{{"default", "default"}, {"auto", "default"}, {"priority", "priority"}},
	Snapshots: []string{"azure", "openai"},
	Headers:   Headers{Reset: time.Second}, quotas: azureTrios, requestID: "X-Request-Id", also: azureAlso,
	body: azureBody, unserved: azureUnserved}

func azureTrios(d *Dialect, a *Answer, h http.Header) {
	unit := d.Headers.ResetUnit() // a second, in which they are told
	setTrios(a, h, func(left time.Duration) string { return strconv.FormatInt(roundUp(left, unit), 10) })
	if s, ok := a.standing(Percent, 0); ok {
		set(h, "Azure-Openai-Deployment-Utilization", strconv.FormatInt(s.Limit-s.Remaining, 10)+"%")
	}
}

func azureAlso(a *Answer, _ int, h http.Header) {
	set(h, "Apim-Request-Id", a.RequestID)
	set(h, "X-Ms-Region", a.Region)
	set(h, "X-Ms-Deployment-Name", a.Deployment)
	if a.asksToWait() {
		ms := roundUp(a.Wait, time.Second) * 1000
		if a.Limit == Utilisation || a.Millis {
			ms = roundUp(a.Wait, time.Millisecond)
		}
		set(h, "Retry-After-Ms", strconv.FormatInt(ms, 10))
	}
	switch a.Limit {
	case Requests:
		set(h, "Policy-Id", "DeploymentRatelimit-Call")
	case Tokens, Oversize:
		set(h, "Policy-Id", "DeploymentRatelimit-Token")
	}
}

// azureUnserved: the name is that of a deployment, and Azure does not repeat it.
func azureUnserved(string) (status int, message string) {
	return http.StatusNotFound, "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, " +
		"please wait a moment and try again."
}

type azureError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func azureBody(a *Answer, status int) any {
	var e azureError
	e.Error.Code, e.Error.Message = strconv.Itoa(status), a.text(status)
	switch status {
	case 404:
		e.Error.Code = "DeploymentNotFound"
	case StatusTooManyRequests:
		azureRefusal(a, &e)
	}
	return e
}

func azureRefusal(a *Answer, e *azureError) {
	retry := ""
	if a.asksToWait() {
		retry = fmt.Sprintf(" Please retry after %d seconds.", roundUp(a.Wait, time.Second))
	}
	switch a.Limit {
	case Billing: // recalled: as OpenAI's
		e.Error.Code = "insufficient_quota"
		e.Error.Message = "You exceeded your current quota, please check your plan and billing details."
	case Capacity: // pollinations/pollinations#6260
		e.Error.Message = "The system is currently experiencing high demand and cannot process your request. " +
			"Your request exceeds the maximum usage size allowed during peak load." + retry +
			" For improved latency reliability, consider switching to Provisioned Throughput."
	case Utilisation:
		e.Error.Message = "The utilization of the provisioned deployment is above 100%." + retry
	default:
		kind := "token"
		if a.Unit == Request {
			kind = "call"
		}
		e.Error.Message = fmt.Sprintf("Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "+
			"have exceeded %s rate limit of your current OpenAI S0 pricing tier.%s Please go here: https://aka.ms/oai/quotaincrease "+
			"if you would like to further increase the default rate limit.", kind, retry)
	}
}
