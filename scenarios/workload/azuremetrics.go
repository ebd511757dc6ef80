package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// azureMetrics takes what is needed from the metrics of Azure OpenAI, namespace
// Microsoft.CognitiveServices/accounts. Each metric becomes records of its own,
// so the records of one time are to be summed.
type azureMetrics struct {
	in             *input
	prompt, output bool // there are such metrics
	others         []string
	cached         *note
	empty          *note
}

func (in *input) azureMetrics() azureMetrics {
	in.setTimes(true)
	return azureMetrics{in: in, cached: in.note("Azure's metrics do not tell cached tokens; none are assumed"),
		empty: in.note("has no total; nothing is assumed to have happened then")}
}

// take adds the total of a metric to the record, and reports whether it is one
// that is needed.
func (a *azureMetrics) take(metric string, total []byte, it *item) (needed bool, wrong string) {
	var to *int64
	switch metric {
	case "ProcessedPromptTokens":
		a.prompt, to = true, &it.Prompt
	case "GeneratedTokens":
		a.output, to = true, &it.Output
	case "AzureOpenAIRequests":
		to = &it.Requests
	default:
		a.others = append(a.others[:min(len(a.others), 4)], strings.Clone(metric))
		return false, ""
	}
	if a.cached.rows == 0 {
		a.cached.add(it.Line)
	}
	n, ok := parseCount(total)
	if !ok {
		return true, fmt.Sprintf("total of %s must be a whole number from 0 to %d, got %s", metric, int64(maxCount), excerpt(total))
	}
	if len(total) == 0 {
		a.empty.add(it.Line)
	}
	*to = n
	return true, ""
}

// finish checks, at the end, that the metrics were there.
func (a *azureMetrics) finish() bool {
	const want = "export ProcessedPromptTokens, GeneratedTokens and AzureOpenAIRequests"
	switch {
	case a.in.err != nil:
	case !a.prompt && !a.output:
		a.in.fail(0, 0, "has no metric of prompt and output tokens (it has: %s); %s", strings.Join(a.others, ", "), want)
	case !a.prompt:
		a.in.fail(0, 0, "has no metric ProcessedPromptTokens; %s", want)
	case !a.output:
		a.in.fail(0, 0, "has no metric GeneratedTokens; %s", want)
	}
	return false
}

// parseGrain reads the width of a bucket: PT1M, PT1H or P1D as ISO 8601 has it,
// or 0:01:00 as older tools print it.
func parseGrain(s string) (time.Duration, bool) {
	var h, m, sec int
	if n, err := fmt.Sscanf(s, "%d:%d:%d", &h, &m, &sec); n == 3 && err == nil {
		d := time.Duration(h*3600+m*60+sec) * time.Second
		return d, d > 0 && d <= maxSpan
	}
	if rest, ok := strings.CutPrefix(s, "P"); ok {
		days := strings.HasSuffix(rest, "D")
		rest = strings.TrimSuffix(rest, "D")
		if t, ok := strings.CutPrefix(rest, "T"); ok && !days {
			d, err := time.ParseDuration(strings.ToLower(t))
			return d, err == nil && d > 0 && d <= maxSpan
		}
		var n int
		if _, err := fmt.Sscanf(rest, "%d", &n); days && err == nil && n > 0 && n <= 366 {
			return time.Duration(n) * 24 * time.Hour, true
		}
	}
	return 0, false
}

// azureMonitor reads what the metrics API of Azure Monitor and az monitor
// metrics list return (API version 2018-01-01): for each metric, and each value
// of the dimensions asked for, a series of totals. It is held one metric at a
// time.
type azureMonitor struct {
	azureMetrics
	objects *jsonObjects
	metric  string
	series  []azureSeries
	width   time.Duration
	i, j    int // of the series, and of its data
}

type azureSeries struct {
	Metadata []struct {
		Name struct {
			Value string `json:"value"`
		} `json:"name"`
		Value string `json:"value"`
	} `json:"metadatavalues"`
	Data []struct {
		Time  string      `json:"timeStamp"`
		Total json.Number `json:"total"`
	} `json:"data"`
}

const (
	monitorName = iota
	monitorSeries
	monitorInterval
)

func openAzureMonitor(in *input) reader {
	return &azureMonitor{azureMetrics: in.azureMetrics(), objects: newJSON(in, "value", [][]string{{"name"}, {"timeseries"}, {"interval"}})}
}

func (a *azureMonitor) next(it *item) bool {
	for {
		for a.i < len(a.series) && a.j == len(a.series[a.i].Data) {
			a.i, a.j = a.i+1, 0
		}
		if a.i == len(a.series) {
			if !a.objects.nextObject() {
				return a.finish()
			}
			if !a.readMetric() {
				return false
			}
			continue
		}
		s := &a.series[a.i]
		d := &s.Data[a.j]
		a.j++
		*it = item{Record: Record{Width: a.width, Line: a.objects.line}}
		var dimensions strings.Builder
		for _, m := range s.Metadata {
			fmt.Fprintf(&dimensions, "%s=%s;", m.Name.Value, m.Value)
			if strings.EqualFold(m.Name.Value, "ModelName") || strings.EqualFold(m.Name.Value, "ModelDeploymentName") && it.Model == "" {
				it.Model = m.Value
			}
		}
		it.id = nameHash(a.metric, dimensions.String())
		needed, wrong := a.take(a.metric, []byte(d.Total), it)
		if wrong == "" {
			it.Start, wrong = a.in.times.parse([]byte(d.Time), false, it.Line)
		}
		if wrong != "" {
			return a.objects.fail("timeseries[%d].data[%d]: %s", a.i, a.j-1, wrong)
		}
		if needed {
			return true
		}
	}
}

// readMetric takes up the metric that was read.
func (a *azureMonitor) readMetric() bool {
	v := a.objects.values
	var name struct {
		Value string `json:"value"`
	}
	a.i, a.j, a.series = 0, 0, nil
	if json.Unmarshal(v[monitorName].raw, &name) != nil || name.Value == "" {
		return a.objects.fail("the metric that begins here has no name with a value")
	}
	if err := json.Unmarshal(v[monitorSeries].raw, &a.series); err != nil {
		return a.objects.fail("the timeseries of the metric that begins here: %v", err)
	}
	a.metric = name.Value
	grain := string(jsonText(a.objects.page[monitorInterval].raw))
	var ok bool
	if a.width, ok = parseGrain(grain); !ok {
		return a.objects.fail("interval before this metric must be such as PT1M, got %s", excerpt(grain))
	}
	return true
}

// azureLogs reads rows of the Log Analytics table AzureMetrics, as CSV of the
// portal or JSON of az monitor log-analytics query.
type azureLogs struct {
	azureMetrics
	*table
}

const (
	logsTime = iota
	logsMetric
	logsTotal
	logsGrain
	logsResource
	logsDimensions
)

func openAzureLogs(in *input) reader {
	a := &azureLogs{in.azureMetrics(), openTable(in, true, 4, "TimeGenerated|TimeGenerated [UTC]", "MetricName", "Total", "TimeGrain",
		"_ResourceId|ResourceId|Resource", "Dimensions")}
	a.most = maxCount
	return a
}

func (a *azureLogs) next(it *item) bool {
	for a.table.next(it) {
		metric := a.text(logsMetric)
		it.id = nameHash(metric, strings.ToLower(a.text(logsResource)), a.text(logsDimensions))
		needed, wrong := a.take(metric, a.rows.text(logsTotal), it)
		if wrong != "" {
			return a.table.fail(logsTotal, "%s", wrong)
		}
		if !needed {
			continue
		}
		var ok bool
		if it.Width, ok = parseGrain(a.text(logsGrain)); !ok {
			return a.table.fail(logsGrain, "TimeGrain must be such as PT1M, got %s", excerpt(a.text(logsGrain)))
		}
		s := a.rows.text(logsTime)
		if bytes.IndexByte(s, '/') > 0 { // the portal writes it so for en-US
			if it.Start, wrong = parsePortal(string(s)); wrong != "" {
				return a.table.fail(logsTime, "%s", wrong)
			}
		} else if !a.table.time(logsTime, &it.Start) {
			return false
		}
		return true
	}
	return a.finish()
}

func parsePortal(s string) (time.Time, string) {
	at, err := time.Parse("1/2/2006, 3:04:05.999999999 PM", s)
	if err != nil {
		return at, wantDate + excerpt(s)
	}
	return at, ""
}
