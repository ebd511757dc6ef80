package sweep

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Shard is the share K of N of a sweep, K from 0. The zero value is all of it.
type Shard struct{ K, N int }

// Has reports whether a cell is in the share, which depends on nothing but its hash: cells
// that are added move no others.
func (s Shard) Has(hash string) bool {
	if s.N <= 1 {
		return true
	}
	n, _ := strconv.ParseUint(hash[:16], 16, 64) // of a hexadecimal hash
	return n%uint64(s.N) == uint64(s.K)
}

// String writes the share as --shard takes it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.K, s.N) }

// ParseShard reads a share: K/N with K from 0 to N-1, or N alone, whose K is the index that
// an array job has in the environment. Where text is empty, both are from there: Slurm and
// AWS Batch say how large an array is, Kubernetes does not. from names the variable that
// was used.
func ParseShard(text string, getenv func(string) string) (s Shard, from string, err error) {
	if k, n, ok := strings.Cut(text, "/"); ok {
		s.K, err = strconv.Atoi(k)
		if err == nil {
			s.N, err = strconv.Atoi(n)
		}
		if err != nil || s.N < 1 || s.K < 0 || s.K >= s.N {
			return Shard{}, "", fmt.Errorf("a shard is K/N with K from 0 to N-1, or N where an array job says K; got %q", text)
		}
		return s, "", nil
	}
	if text != "" {
		if s.N, err = strconv.Atoi(text); err != nil || s.N < 1 {
			return Shard{}, "", fmt.Errorf("a shard is K/N with K from 0 to N-1, or N where an array job says K; got %q", text)
		}
	}
	for _, a := range arrays() {
		index := getenv(a.index)
		if index == "" {
			continue
		}
		if s, err = a.shard(index, s.N, getenv); err != nil {
			return Shard{}, "", err
		}
		return s, a.index, nil
	}
	if text != "" {
		return Shard{}, "", fmt.Errorf("--shard %s leaves the index to an array job, and none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX is set; give it as K/%s", text, text)
	}
	return Shard{}, "", nil
}

// array is how an engine tells a task its place in an array job.
type array struct{ index, least, step, count string }

func arrays() []array {
	return []array{
		// https://slurm.schedmd.com/job_array.html
		{index: "SLURM_ARRAY_TASK_ID", least: "SLURM_ARRAY_TASK_MIN", step: "SLURM_ARRAY_TASK_STEP", count: "SLURM_ARRAY_TASK_COUNT"},
		// https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static/
		{index: "JOB_COMPLETION_INDEX"},
		// https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
		{index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
	}
}

// shard reads the variables of an array job, whose size is n unless that is 0.
func (a *array) shard(index string, n int, getenv func(string) string) (Shard, error) {
	read := func(name string, otherwise int) (int, error) {
		if name == "" || getenv(name) == "" {
			return otherwise, nil
		}
		v, err := strconv.Atoi(getenv(name))
		if err != nil {
			return 0, fmt.Errorf("%s is no whole number: %q", name, getenv(name))
		}
		return v, nil
	}
	k, err := strconv.Atoi(index)
	if err != nil {
		return Shard{}, fmt.Errorf("%s is no whole number: %q", a.index, index)
	}
	least, err := read(a.least, 0)
	if err != nil {
		return Shard{}, err
	}
	step, err := read(a.step, 1)
	if err != nil {
		return Shard{}, err
	}
	count, err := read(a.count, 0)
	if err != nil {
		return Shard{}, err
	}
	if n = cmp.Or(n, count); n == 0 {
		return Shard{}, fmt.Errorf("%s is set, and nothing says how many tasks the job has; add --shard N", a.index)
	}
	s := Shard{K: (k - least) / max(step, 1), N: n}
	if s.K < 0 || s.K >= n {
		return Shard{}, fmt.Errorf("%s=%d is the task %d of %d shards; the job has more tasks than shards", a.index, k, s.K, n)
	}
	return s, nil
}
