package scenarios

import "io"

// Check reads a scenario, or a claim with all its cases, as Load and LoadClaim do, and
// runs nothing. It returns the scenario and how many cases it has.
func Check(nameOrPath string, stdin io.Reader, opt Options) (s *Spec, cases int, err error) {
	data, err := readScenario(nameOrPath, stdin)
	if err != nil {
		return nil, 0, err
	}
	file := nameOf(nameOrPath)
	d, _, err := parse(file, data, opt, nil)
	if err != nil {
		return nil, 0, err
	}
	if len(d.cases) == 0 {
		return d.spec, 0, nil
	}
	claim, err := ParseClaim(file, data, opt)
	if err != nil {
		return nil, 0, err
	}
	return d.spec, len(claim.Cases), nil
}
