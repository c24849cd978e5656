package pocketsphinx

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// slotMemory is what the searches of a stream take, two or three of them, in bytes.
const slotMemory = 240 << 20

// machineSlots returns how many streams this machine can serve at once with so many models: one for each core, as long as they fit
// into half of the memory that is free, with whichever model.
func machineSlots(models int) int {
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return runtime.NumCPU() // not Linux
	}
	return slotsFor(runtime.NumCPU(), models, string(meminfo))
}

// slotsFor is machineSlots for so many cores and the content of /proc/meminfo. Without the line it looks for, memory does not matter.
func slotsFor(cores, models int, meminfo string) int {
	_, rest, found := strings.Cut(meminfo, "MemAvailable:")
	text, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, err := strconv.Atoi(text)
	if !found || err != nil {
		return cores
	}
	return max(1, min(cores, kilobytes/2*1024/slotMemory/models))
}
