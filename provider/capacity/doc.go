// Package capacity decides how many units of capacity to buy for a demand that was
// logged, if any: PTUs of Azure, GSUs of Vertex AI, bundles of OpenAI's scale tier or
// blocks of Bedrock's reserved tier. It consists of pure functions of a demand per
// minute and of prices. The simulator adds what a size does to requests. What a unit gives
// and costs is data of the catalog, an [Offer] here.
//
// Demand is measured in normalised tokens a minute, in which a PTU or a GSU is sold:
//
//	prompt - discount x cached + ratio x output
//
// Within a minute the demand is treated as a fluid: when x tokens a minute meet a
// capacity of C, x - C exceed it. A PTU deployment does that in the long run, because
// its bucket holds a minute's worth, and a GSU order within its windows. Where input and output
// are bought by themselves, an output token counts as much as it costs, and units are bought in
// proportion to the mix of the log; see [Offer.For]. Replaying requests against it shows how far this
// is off.
//
// demand.go turns a log into a demand, newsvendor.go finds the best size, options.go
// lists what is compared, and report.go puts it all together.
package capacity
