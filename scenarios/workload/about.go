package workload

// Description tells a user what an arrival process is.
type Description struct {
	Name  string `json:"name"`  // as in Processes
	Keys  string `json:"keys"`  // what a scenario file may say of it, each described at Arrivals
	About string `json:"about"` // one line
}

// About describes every arrival process, in the order of Processes.
func About() []Description {
	return []Description{
		{"constant", "rate, shape", "evenly spaced, the first at 0"},
		{"poisson", "rate, shape", "independent users: exponential gaps"},
		{"gamma", "rate, cv, shape", "clumped (cv > 1) or regular (cv < 1): gamma gaps"},
		{"weibull", "rate, cv, shape", "as gamma, with a heavier tail"},
		{"mmpp", "rate, burst_rate, calm, burst, shape", "poisson at two rates that alternate at random, calm first"},
		{"ramp", "from, to, over", "poisson at a rate that goes in a straight line"},
		{"diurnal", "rate, swing, period, peak_at", "poisson at a rate that follows a cosine, as a day does"},
		{"spike", "at, calls, over", "exactly so many calls, evenly spaced or at once"},
		{"closed", "users, think", "users who wait for each answer before they think and ask again"},
		{"trace", "file, format, columns, skip_bad_rows, speed, scale, loop", "recorded requests with their own sizes, and max_tokens where the log has it"},
		{"sessions", "start, turns, think, added_tokens, system_tokens, max_context, compact_to, fan_out", "conversations and agents: turns that wait for the answer before, with a context that grows; a session that loses a turn stops"},
	}
}
