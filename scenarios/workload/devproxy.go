package workload

// devProxy reads the CSV of Microsoft Dev Proxy's OpenAIUsageDebuggingPlugin,
// one row a request. Refused requests (status 429) have no tokens. It names no
// model, and nothing that tells a request from another of the same second.
type devProxy struct {
	*table
	status *note
}

const (
	proxyTime = iota
	proxyStatus
	proxyPrompt
	proxyOutput
	proxyCached
)

func openDevProxy(in *input) reader {
	return &devProxy{openTable(in, false, 2, "time", "status", "prompt tokens", "completion tokens", "cached tokens"),
		in.note("has a status that is none of HTTP; it is not used")}
}

func (d *devProxy) next(it *item) bool {
	if !d.table.next(it) || !d.time(proxyTime, &it.Start) ||
		!d.count(proxyPrompt, &it.Prompt) || !d.count(proxyOutput, &it.Output) || !d.count(proxyCached, &it.Cached) {
		return false
	}
	it.Requests = 1
	d.statusOf(proxyStatus, d.status, it)
	return true
}
