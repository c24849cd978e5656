package rig

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc/PID/stat. Linux tells user space 100 ticks a second on every machine that Go
// runs on, whatever the kernel uses inside (proc(5), sysconf(3) _SC_CLK_TCK).
const tick = time.Second / 100

// CPU returns the processor time that a process has used so far, user and system, all threads, to 10 ms.
func CPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(text))
}

// parseStat reads utime and stime, fields 14 and 15 of /proc/PID/stat. The second field is the program's name in
// parentheses, and may hold blanks and parentheses itself.
func parseStat(text string) (time.Duration, error) {
	end := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:])
	if end < 0 || len(fields) < 13 {
		return 0, fmt.Errorf("stat of a process: want 15 fields or more with the second in parentheses, got %q", text)
	}
	var sum uint64
	for _, f := range fields[11:13] { // the third field of the line is the first here
		n, err := strconv.ParseUint(f, 10, 63)
		if err != nil {
			return 0, fmt.Errorf("stat of a process: want a number of ticks, got %q", f)
		}
		sum += n
	}
	return time.Duration(sum) * tick, nil
}

// RSS returns the memory of a process that stands in the machine's memory now, in bytes.
func RSS(pid int) (int64, error) { return status(pid, "VmRSS") }

// PeakRSS returns the largest RSS that a process has had, in bytes.
func PeakRSS(pid int) (int64, error) { return status(pid, "VmHWM") }

func status(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseStatus(string(text), field)
}

// parseStatus reads one of the fields of /proc/PID/status that are given in kB, which there are 1024 bytes.
func parseStatus(text, field string) (int64, error) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		if name != field {
			continue
		}
		number, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 52)
		if !ok || err != nil || n < 0 {
			return 0, fmt.Errorf("status of a process: want %s as a number of kB, got %q", field, strings.TrimSpace(value))
		}
		return n << 10, nil
	}
	return 0, fmt.Errorf("status of a process: it has no %s; the process may have ended", field)
}

// Files returns how many files, sockets and pipes a process has open.
func Files(pid int) (int, error) {
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(all), err
}
