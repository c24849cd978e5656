package pocketsphinx

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// slotMemory is what the two searches of a stream take at most, in bytes.
const slotMemory = 240 << 20

// groupRoot is where Linux shows control groups of version 2, without the first slash.
const groupRoot = "sys/fs/cgroup"

// machine is what this process may use of the computer it runs on: less than there is where it runs in a container or a unit
// with limits. On systems other than Linux it is all there is, and memory does not matter.
type machine struct {
	cores  float64 // a fraction where a control group limits processor time
	memory int64   // bytes that are free; below 0: not known
}

// thisMachine looks at the machine as it is now.
func thisMachine() machine { return machineOf(os.DirFS("/"), runtime.NumCPU()) }

// machineOf reads what root, the system's file tree, says about a machine with so many cores.
func machineOf(root fs.FS, cores int) machine {
	m := machine{cores: float64(cores), memory: available(root)}
	for _, group := range groups(root) {
		if quota := quotaOf(contentOf(root, path.Join(group, "cpu.max"))); quota < m.cores {
			m.cores = quota
		}
		if free, limited := freeIn(root, group); limited && (m.memory < 0 || free < m.memory) {
			m.memory = free
		}
	}
	return m
}

// slots returns how many streams can be served at once with so many models: one for each whole core, as long as they fit into half
// of the memory that is free, with whichever model; one at least.
func (m machine) slots(models int) int {
	most := math.Floor(m.cores)
	if m.memory >= 0 {
		most = min(most, float64(m.memory/2/slotMemory/int64(models)))
	}
	return max(1, int(most))
}

// groups returns the folder of the control group that this process is in, and those of the groups around it, whose limits hold
// as well. The outermost may stand in the middle of the real tree, in a container; limits beyond that cannot be seen.
func groups(root fs.FS) []string {
	for line := range strings.Lines(contentOf(root, "proc/self/cgroup")) {
		group, found := strings.CutPrefix(strings.TrimSpace(line), "0::/")
		if !found {
			continue // of version 1
		}
		all := []string{groupRoot}
		for at := range strings.SplitSeq(group, "/") {
			if at != "" && at != ".." { // what lies beyond the container's own tree is not there
				all = append(all, path.Join(all[len(all)-1], at))
			}
		}
		return all
	}
	return nil
}

// available returns the bytes that the system's programs may still take; below 0: it does not say.
func available(root fs.FS) int64 {
	_, rest, found := strings.Cut(contentOf(root, "proc/meminfo"), "MemAvailable:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, err := strconv.ParseInt(number, 10, 53)
	if !found || err != nil || kilobytes < 0 {
		return -1
	}
	return kilobytes << 10
}

// freeIn returns the bytes that a control group may still take; what it holds of files that nobody has used lately counts as free.
func freeIn(root fs.FS, group string) (free int64, limited bool) {
	most, ok := numberIn(contentOf(root, path.Join(group, "memory.max")))
	if !ok {
		return 0, false
	}
	used, _ := numberIn(contentOf(root, path.Join(group, "memory.current")))
	for line := range strings.Lines(contentOf(root, path.Join(group, "memory.stat"))) {
		if n, found := strings.CutPrefix(line, "inactive_file "); found {
			cached, _ := numberIn(n)
			used -= cached
		}
	}
	return max(0, most-max(0, used)), true
}

// quotaOf understands cpu.max, "QUOTA PERIOD" or "max PERIOD", and returns the cores that it comes to.
func quotaOf(limit string) float64 {
	quota, period, _ := strings.Cut(strings.TrimSpace(limit), " ")
	q, okQuota := numberIn(quota)
	p, okPeriod := numberIn(period)
	if !okQuota || !okPeriod || p <= 0 {
		return math.Inf(1)
	}
	return float64(q) / float64(p)
}

func numberIn(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n, err == nil && n >= 0
}

// contentOf returns the content of a file; none where it cannot be read, as other systems and old kernels have it.
func contentOf(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return string(b)
}
