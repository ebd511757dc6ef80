// Package capacity decides how much provisioned throughput (PTU) to buy for a
// demand that was logged, if any. It consists of pure functions of a demand per
// minute and of prices. The simulator adds what a size does to requests.
//
// Demand is measured in normalised tokens a minute, the unit a PTU is sold in:
//
//	prompt - discount x cached + ratio x output
//
// Within a minute the demand is treated as a fluid: when x tokens a minute meet a
// capacity of C, x - C exceed it. A PTU deployment does that in the long run, because
// its bucket holds a minute's worth. Replaying requests against it shows how far this
// is off.
//
// demand.go turns a log into a demand, newsvendor.go finds the best size, options.go
// lists what is compared, and report.go puts it all together.
package capacity
