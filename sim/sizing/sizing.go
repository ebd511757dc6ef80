// Package sizing answers whether to buy capacity in units, such as Azure's provisioned
// throughput (PTU) or Vertex AI's scale units (GSU), and how much. It reads a usage log or a scenario's workload into a demand. Package capacity
// works out sizes and costs. Then sizing replays the demand in the simulator against
// each option, to see what the option does to requests.
//
// It replays arrivals that are fitted to the log. Each minute has the requests and
// tokens that the log has in it, at random instants. The sizes of requests are
// distributed as in the log or, if the log has no single requests, as in the embedded
// trace azure-conv-2023.
package sizing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/sim/rng"
)

// A Question is what a user wants to know. One of Usage and Scenario is set.
type Question struct {
	Usage    Log
	Scenario *scenarios.Spec
	Source   string // what the demand is called
	// Location is where hours and weekdays are told; nil = as the log has them.
	Location *time.Location

	Catalog *catalog.Catalog
	// Offers are the vendors and models that are held side by side, at least one.
	Offers     []Wanted
	Deployment string // of capacity.Deployments
	Prices     capacity.Prices
	Currency   string
	Objectives []capacity.Objective
	Batch      float64 // share of the demand that can wait for a batch, 0 to below 1
	Seed       uint64
	// Progress, if not nil, is told how many simulations of about how many are
	// done.
	Progress func(done, of int)
}

// Wanted is a model of a vendor.
type Wanted struct {
	Vendor, Model string
	// PAYG is the deployment that pay-as-you-go is simulated with, by its
	// reference; empty = the model's largest tier.
	PAYG string
}

// InputError is what is wrong with the question or the log, not with the
// machine.
type InputError struct{ error }

// Unwrap returns what is wrong.
func (e InputError) Unwrap() error { return e.error }

// Answer answers for each of the offers of q, in their order. The error is an InputError, or
// ctx's.
func Answer(ctx context.Context, q *Question) ([]*capacity.Report, error) {
	key := rng.New(q.Seed, 0)
	offers := make([]*capacity.Offer, len(q.Offers))
	meters := make([]*capacity.Meter, len(q.Offers))
	var err error
	for i, w := range q.Offers {
		if offers[i], err = capacity.NewOffer(q.Catalog, w.Vendor, w.Model, q.Deployment, q.Prices); err != nil {
			return nil, InputError{err}
		}
		meters[i] = capacity.NewMeter(offers[i].Weights, q.Usage != nil && !q.Usage.Relative(), key)
	}
	var warnings []string
	spent := &bill{}
	if q.Usage != nil {
		warnings, spent, err = fromLog(q.Usage, q.Location, meters...)
	} else {
		err = fromScenario(q.Scenario, key, meters...)
	}
	if err != nil {
		return nil, InputError{err}
	}
	reports := make([]*capacity.Report, len(offers))
	for i, offer := range offers {
		a := &asked{Question: q, wanted: q.Offers[i], offer: offer, meter: meters[i], key: key, warnings: append(slices.Clone(warnings), spent.against(offer)...)}
		if reports[i], err = a.answer(ctx); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

// asked is the question of one offer.
type asked struct {
	*Question
	wanted   Wanted
	offer    *capacity.Offer
	meter    *capacity.Meter
	key      rng.Key
	warnings []string
}

func (a *asked) answer(ctx context.Context) (*capacity.Report, error) {
	calm, likely, bursty := capacity.Bursts()
	demand := a.meter.Demand(likely)
	total := demand.Total()
	if total.Raw() <= 0 {
		return nil, InputError{fmt.Errorf("%s has no tokens: nothing to decide on", a.Source)}
	}
	offer := a.offer.For(total)
	e := capacity.Evaluate(demand, offer, capacity.Settings{Objectives: a.Objectives, Batch: a.Batch, Source: a.Source,
		Currency: a.Currency, Key: a.key, Others: a.others(total)})
	if demand.Granularity > time.Minute {
		for _, cv := range []float64{calm, likely, bursty} {
			e.AddBursts(a.meter.Demand(cv), cv)
		}
	}
	r := e.Report
	if a.Usage != nil {
		r.Warnings = append(append(r.Warnings, a.warnings...), a.Usage.Warnings()...)
	}
	stage, err := newStage(a.Question, a.wanted.PAYG, offer, demand, r)
	if err != nil {
		return nil, err
	}
	if err := stage.serve(ctx, e); err != nil {
		return nil, err
	}
	e.Conclude()
	stage.utilisation(r)
	return r, stage.tell(ctx, e)
}

// others are offers of the same model in other kinds of deployment; those that
// do not exist are left out.
func (a *asked) others(total capacity.Tokens) []*capacity.Offer {
	var list []*capacity.Offer
	if len(a.offer.Terms) == 0 {
		return nil
	}
	for _, d := range capacity.Deployments {
		if d != a.Deployment {
			if o, err := capacity.NewOffer(a.Catalog, a.wanted.Vendor, a.wanted.Model, d, a.Prices); err == nil {
				list = append(list, o.For(total))
			}
		}
	}
	return list
}

var errClosed = errors.New("the users of a closed workload wait for answers, so what they ask for depends on the deployment; give a usage log or a scenario with open arrivals")
