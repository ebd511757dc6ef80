// Package fit finds a workload model that is like a usage log: how requests arrive and how
// large they are, in the terms of a scenario file.
//
// Each part of the model is chosen among candidates. The parameters of a candidate are
// those of the greatest likelihood. The candidate with the least BIC is chosen
// (Schwarz, "Estimating the dimension of a model", Annals of Statistics 6, 1978), if its
// Kolmogorov-Smirnov distance from the log is within a bound. Where no candidate is, the
// part is empirical: a short list of lengths, or a list of rates, window by window. So a
// team can publish the model without the rows of its log.
//
// All likelihoods of a part are of the same rows, so they can be compared. That of a
// process whose rate has a shape counts the derivative of the shape's clock (Brown,
// Barbieri, Ventura, Kass and Frank, "The time-rescaling theorem and its application to
// neural spike train data analysis", Neural Computation 14, 2002). In that clock the gaps
// of a renewal process are independent, so that their distance can be measured.
//
// The fit keeps the first MostRows rows of a log, which take about 150 MB with the work
// space. It knows nothing of later rows but their number and sums.
package fit
