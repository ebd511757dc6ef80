package workload

// devProxy reads the CSV of Microsoft Dev Proxy's OpenAIUsageDebuggingPlugin,
// one row a request. Refused requests (status 429) have no tokens. It names no
// model, and nothing that tells a request from another of the same second.
type devProxy struct{ *table }

const (
	proxyTime = iota
	proxyStatus
	proxyPrompt
	proxyOutput
	proxyCached
)

func openDevProxy(in *input) reader {
	return &devProxy{openTable(in, false, 2, "time", "status", "prompt tokens", "completion tokens", "cached tokens")}
}

func (d *devProxy) next(it *item) bool {
	ok := d.table.next(it) && d.time(proxyTime, &it.Start) &&
		d.count(proxyPrompt, &it.Prompt) && d.count(proxyOutput, &it.Output) && d.count(proxyCached, &it.Cached)
	it.Requests = 1
	return ok
}
