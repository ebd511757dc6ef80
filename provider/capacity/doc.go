// Package capacity decides how much provisioned throughput (PTU) to buy for a
// demand that was logged, if any. It is pure functions over a demand by the
// minute and prices; the simulator adds what a size does to requests.
//
// Demand is measured in normalised tokens a minute, the unit a PTU is sold in:
//
//	prompt - discount x cached + ratio x output
//
// Within a minute demand is taken as a fluid: of x tokens a minute against a
// capacity C, x - C are over it. That is what a PTU deployment does in the long
// run, for its bucket holds a minute's worth; replaying requests against it
// shows by how much it is off.
//
// Read demand.go for what a log becomes, newsvendor.go for the best size,
// options.go for what is compared, report.go for all of it together.
package capacity
