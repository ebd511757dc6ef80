package scenarios

import (
	"net/http"
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/sim/rng"
)

// CoordinatorKey returns the key of the coordinator's draws.
func (s *Spec) CoordinatorKey(key rng.Key) rng.Key {
	return key.Sub(rng.Deployment, uint64(len(s.Deployments)))
}

// readCoordinator reads the coordinator that hands out the limits of the first
// deployment.
func (d *decoder) readCoordinator() {
	c := d.coordinator
	q := &quota.Config{Name: "coordinator", Burst: quota.DefaultBurst, Timeout: time.Second}
	c.mapping(coordinatorKeys(q)...)
	if d.doubtful {
		return
	}
	to := &d.spec.Deployments[0]
	q.RPM, q.TPM = to.PerMinute(provider.Requests), to.PerMinute(provider.Tokens)
	if q.RPM == 0 && q.TPM == 0 {
		c.fail("has nothing to hand out: %s has no limit per minute on requests or tokens", to.Name)
	}
	for _, name := range d.deploymentNames() {
		if name == q.Name {
			c.fail("has the name of deployment %s; give it another name, so that faults can tell them apart", quote(name))
			return
		}
	}
	d.spec.Coordinator = q
}

func coordinatorKeys(q *quota.Config) []field {
	return []field{
		may("name", text(&q.Name)),
		may("latency", dist(&q.Latency, seconds)),
		may("timeout", duration(&q.Timeout, time.Millisecond, time.Minute)),
		may("burst", duration(&q.Burst, time.Millisecond, time.Minute)),
	}
}

// hits gives the coordinator a fault that names it.
func (d *decoder) hits(c cursor, f provider.Fault) {
	switch {
	case f.Status == http.StatusTooManyRequests:
		c.child("status").fail("a coordinator fails with a status from 500 to 599; 429 is what it says when the quota is used up")
	case f.Kind == provider.Outage, f.Kind == provider.Errors, f.Kind == provider.Hang:
		if f.How != provider.BeforeStatus {
			c.child("how").fail("does not happen to a coordinator, of whose answers there are no parts; before-status does")
		}
		d.spec.Coordinator.Faults = append(d.spec.Coordinator.Faults, f)
	default:
		c.child("kind").fail("does not happen to a coordinator; outage, errors and hang do")
	}
}
