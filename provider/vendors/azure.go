package vendors

import (
	"strings"

	"ratesim/provider"
)

// Azure sets the rules of Azure OpenAI's pay-as-you-go deployments: standard,
// data zone and global.
//
// The quota is TPM for a subscription, region and model, dealt out to
// deployments; RPM is in proportion to it. Tokens are a counter that starts
// again every minute; requests are counted over 1 s or 10 s, so that 600 RPM
// refuse the eleventh request of a second or the 101st of 10 s, and tier tables
// print limits such as "300 / 10s" (MicrosoftDocs/azure-ai-docs, articles/foundry/openai/includes/quota-2.md,
// 2026-05-06; quota-tier/tier-1.md, 2026-08-20). Charged at admission are the
// estimated prompt and max_tokens; nothing is given back within the minute, for
// the page describes adding only. Failed calls, even those too long, may count:
// here a refused request counts until its slice is over. Resets are whole seconds.
//
// Chosen where pages are silent: slices of 10 s and a reservation of 16 tokens
// when no max_tokens is declared (microsoft/aoai-api-simulator, limiters.py,
// 2025-04-01); minutes of the clock on the wall, though they may begin with the
// first request; prompt tokens from the cache count. Microsoft's simulator has a sliding minute
// instead of the counter, and waits of 1 to 60 s fit either.
//
// Not modelled here: limits lowered for hours under pressure, which is the
// fault limit-cut; the -1/-1/0 headers and waits of 86,400 s, which are
// bad-headers.
//
// Claude on Azure has limits on requests, input and output, for which tokens that are read
// from the cache do not count (foundry-models/includes/claude-models-quotas-limits-content.md,
// 2026-09-21). Chosen: that they are counted in the same minutes and slices as others. Of the
// models of others, nothing is kept in a cache, for no page says so.
func Azure(c *provider.Config) {
	window(c, provider.SubMinute)
	c.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Undeclared: 16, Rejected: true, StopsStreams: true}
	switch {
	case strings.HasPrefix(c.Model, "claude-"):
		c.Cache, c.Charge.CacheDiscount = claudeCache(c.Model), 1
	case !ofOthers(c.Model):
		c.Cache = openAICache(c.Model)
	}
}

// ofOthers reports whether a model on Azure is neither OpenAI's nor Anthropic's.
func ofOthers(model string) bool {
	for _, name := range []string{"deepseek-", "grok-", "llama-"} {
		if strings.HasPrefix(model, name) {
			return true
		}
	}
	return false
}

// AzurePTU sets the rules of provisioned deployments of Azure OpenAI, whose
// units are in c.PTU.
//
// A deployment of N units has a capacity C = N x (input TPM per PTU) in
// input-equivalent tokens a minute. Its level L drains at C/60 a second. A call
// that meets L >= C is refused, before it is added, and told in ms when
// the level is below 100 %: (L - C) / (C/60). Any other adds
//
//	prompt - cached + ratio x max_tokens
//
// and is settled both ways when its true cost is known (MicrosoftDocs/azure-ai-docs,
// articles/foundry/openai/concepts/provisioned-throughput.md, 2026-02-10). A
// refusal adds nothing. Tokens from the cache are free before GPT-6; from there on
// they weigh 0.1, and those that are written to it 1.25 (how-to-provisioned-throughput-sizing.md, 2026-09-23).
//
// Not published, and chosen: that 100 % is one minute's worth; that the ratio
// weighs max_tokens at admission too; that a call without max_tokens reserves
// its prompt alone, for the service makes an estimate of its own; that the wait
// is rounded up to a millisecond. What GPT-6 charges for long context is not
// modelled.
func AzurePTU(c *provider.Config) {
	c.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true, CacheDiscount: 1, StopsStreams: true}
	if strings.HasPrefix(c.Model, "gpt-6") {
		c.Charge.CacheDiscount, c.Charge.CacheWrite = 0.9, 1.25
	}
	c.Cache = openAICache(c.Model)
}
