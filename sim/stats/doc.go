// Package stats computes intervals, and compares strategies, from the
// replications of an experiment.
//
// The replication is the unit. Calls of one replication share arrivals, faults
// and queues, so they are not independent, and an interval that counts calls as
// independent is too narrow. Everything that is estimated here is pooled: a share is
// the hits of all replications divided by the cases of all replications, and a
// quantile is that of all calls together. A mean of shares, or a mean of
// quantiles, estimates something else. The difference remains however many
// replications there are.
//
// # Which method, and why
//
// The methods were chosen by their measured coverage: how often a nominal 95 %
// interval holds the value of 2,000 or more replications. docs/verdict.md has
// the figures and the command that prints them.
//
//   - A share ([Share]) has the Clopper–Pearson interval of an effective sample
//     size (Korn and Graubard, "Confidence intervals for proportions with small
//     expected number of positive counts", Survey Methodology 24, 1998). Near 0 and
//     1 Student's t fails: where no replication has a failure it gives an interval
//     without width. Two changes are made to the method. The degrees of freedom come
//     from the kurtosis of the residuals, because replications tell less about their
//     scatter when few of them hold most of the failures. Where residuals are skewed,
//     the far end is moved towards that of Hall's transformed t (Hall, "On the
//     removal of skewness by transformation", JRSS B 54, 1992).
//   - A quantile ([NewQuantile]) has the hull of two intervals: Woodruff's
//     (Woodruff, "Confidence intervals for medians and other position measures",
//     JASA 47, 1952), which maps the interval of the share above the estimate back
//     through the distribution, and that of all values whose share above is
//     compatible with the level, which is wider where the distribution is flat.
//   - A ratio, or a mean ([Ratio]), has the t interval of its linearised residuals,
//     whose far end is moved half-way to that of Hall's transformed t where they are
//     skewed.
//   - Differences between strategies are paired, since all meet the same arrivals:
//     [ShareDifference], [RatioDifference], [LogRatio] and [LogQuantileRatio].
//
// A value of one replication has no interval: Lo and Hi are then NaN.
package stats
