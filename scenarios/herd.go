package scenarios

import (
	"fmt"
	"time"
)

// Herd returns the embedded scenario herd with this many clients. Each is an instance
// of its own with one call, and all are released at once. With an outage above 0 every
// deployment is down for that long from the beginning. What opt sets overrides that.
func Herd(clients int, outage time.Duration, opt Options) (*Spec, error) {
	set := []string{
		fmt.Sprintf("fleet.instances=%d", clients),
		fmt.Sprintf("workload.0.arrivals.calls=%d", clients),
	}
	if outage > 0 {
		set = append(set, fmt.Sprintf("faults=[{kind: outage, at: 0s, for: %v, status: 503}]", outage))
	}
	opt.Set = append(set, opt.Set...)
	return Load("herd", nil, opt)
}
