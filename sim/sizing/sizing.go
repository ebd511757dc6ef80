// Package sizing answers whether to buy provisioned throughput (PTU), and how
// much. It reads a usage log or a scenario's workload into a demand. Package capacity
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

	Catalog    *catalog.Catalog
	Model      string
	Deployment string // of capacity.Deployments
	// PAYG is the deployment that pay-as-you-go is simulated with, by its
	// reference; empty = the model's with the highest limit on tokens.
	PAYG       string
	Prices     capacity.Prices
	Currency   string
	Objectives []capacity.Objective
	Batch      float64 // share of the demand that can wait for a batch, 0 to below 1
	Seed       uint64
	// Progress, if not nil, is told how many simulations of about how many are
	// done.
	Progress func(done, of int)
}

// InputError is what is wrong with the question or the log, not with the
// machine.
type InputError struct{ error }

// Unwrap returns what is wrong.
func (e InputError) Unwrap() error { return e.error }

// Answer answers. The error is an InputError, or ctx's.
func Answer(ctx context.Context, q *Question) (*capacity.Report, error) {
	offer, err := capacity.NewOffer(q.Catalog, q.Model, q.Deployment, q.Prices)
	if err != nil {
		return nil, InputError{err}
	}
	key := rng.New(q.Seed, 0)
	meter := capacity.NewMeter(offer.Weights, q.Usage != nil && !q.Usage.Relative(), key)
	var zones []string
	if q.Usage != nil {
		zones, err = fromLog(q.Usage, q.Location, meter, offer)
	} else {
		err = fromScenario(q.Scenario, key, meter)
	}
	if err != nil {
		return nil, InputError{err}
	}
	calm, likely, bursty := capacity.Bursts()
	demand := meter.Demand(likely)
	if total := demand.Total(); total.Raw() <= 0 {
		return nil, InputError{fmt.Errorf("%s has no tokens: nothing to decide on", q.Source)}
	}
	e := capacity.Evaluate(demand, offer, capacity.Settings{Objectives: q.Objectives, Batch: q.Batch, Source: q.Source,
		Currency: q.Currency, Key: key, Others: others(q)})
	if demand.Granularity > time.Minute {
		for _, cv := range []float64{calm, likely, bursty} {
			e.AddBursts(meter.Demand(cv), cv)
		}
	}
	r := e.Report
	if q.Usage != nil {
		r.Warnings = append(append(r.Warnings, zones...), q.Usage.Warnings()...)
	}
	stage, err := newStage(q, offer, demand, r)
	if err != nil {
		return nil, err
	}
	if err := stage.serve(ctx, e); err != nil {
		return nil, err
	}
	e.Conclude()
	stage.utilisation(r)
	if err := stage.tell(ctx, e); err != nil {
		return nil, err
	}
	return r, nil
}

// others are offers of the same model in other kinds of deployment; those that
// do not exist are left out.
func others(q *Question) []*capacity.Offer {
	var list []*capacity.Offer
	for _, d := range capacity.Deployments {
		if d != q.Deployment {
			if o, err := capacity.NewOffer(q.Catalog, q.Model, d, q.Prices); err == nil {
				list = append(list, o)
			}
		}
	}
	return list
}

var errClosed = errors.New("the users of a closed workload wait for answers, so what they ask for depends on the deployment; give a usage log or a scenario with open arrivals")
