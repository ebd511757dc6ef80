package limit

// Name is what results call the limit that refused a request. Not every
// refusal comes from a limit of this package: a request that is too large for
// any window, or that nobody pays for, is refused too.
type Name uint8

// The names, as scenario files and results spell them. A limit is named for
// what it counts and over which window.
const (
	Unnamed        Name = iota // any other limit, and one that nobody tells of
	ByRPM                      // requests a minute
	ByTPM                      // tokens a minute
	ByRPH                      // requests an hour
	ByTPH                      // tokens an hour
	ByRPD                      // requests a day
	ByTPD                      // tokens a day
	ByITPM                     // input tokens a minute
	ByOTPM                     // output tokens a minute
	ByConcurrency              // requests at a time
	ByQueuedTokens             // tokens at a time
	ByUtilisation              // utilisation of a provisioned deployment
	ByRamp                     // growth of usage
	BySharedPool               // any limit that deployments of one pool share
	ByOversize                 // the request alone is larger than a limit
	ByBilling                  // nobody pays
	NumNames
)

var names = [NumNames]string{"unnamed", "rpm", "tpm", "rph", "tph", "rpd", "tpd", "itpm", "otpm", "concurrency", "queued_tokens",
	"utilisation", "ramp", "shared-pool", "oversize", "billing"}

func (n Name) String() string { return names[n] }
