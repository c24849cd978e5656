package pocketsphinx

import (
	"fmt"
	"maps"
	"testing"
	"testing/fstest"
)

// files makes a file tree of names and contents.
func filesOf(all ...map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for _, some := range all {
		for name, content := range some {
			tree[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return tree
}

func meminfo(free int64) map[string]string {
	return map[string]string{"proc/meminfo": fmt.Sprintf("MemTotal:  99999999 kB\nMemAvailable:%9d kB\nBuffers: 1 kB\n", free>>10)}
}

// Slots follow the cores and half of the memory that is free.
func TestSlotsOfAMachine(t *testing.T) {
	const gigabyte = int64(1) << 30
	for _, c := range []struct {
		cores, models int
		files         map[string]string
		want          int
	}{
		{2, 1, meminfo(24 * gigabyte), 2},
		{64, 1, meminfo(4 * gigabyte), 8},
		{64, 2, meminfo(4 * gigabyte), 4},
		{8, 1, meminfo(gigabyte), 2},
		{8, 1, meminfo(100 << 20), 1},
		{1, 1, meminfo(0), 1},
		{8, 1, map[string]string{"proc/meminfo": "MemTotal: 1 kB\n"}, 8},
		{8, 1, map[string]string{"proc/meminfo": "MemAvailable: much\n"}, 8},
		{8, 1, map[string]string{"proc/meminfo": "MemAvailable: -5 kB\n"}, 8},
		{8, 1, map[string]string{"proc/meminfo": "MemAvailable:"}, 8},
		{8, 1, nil, 8}, // not Linux
	} {
		if got := machineOf(filesOf(c.files), c.cores).slots(c.models); got != c.want {
			t.Errorf("%d cores, %d models, %q: %d; expected %d", c.cores, c.models, c.files, got, c.want)
		}
	}
}

// The limits of the control groups that the process is in hold as well, the lowest of each kind.
func TestSlotsOfAControlGroup(t *testing.T) {
	const gigabyte = int64(1) << 30
	inside := map[string]string{"proc/self/cgroup": "0::/\n"} // as a container sees it
	deep := map[string]string{"proc/self/cgroup": "12:memory:/other\n0::/system.slice/earshot.service\n"}
	group := func(folder, file, content string) map[string]string {
		return map[string]string{"sys/fs/cgroup/" + folder + file: content}
	}
	for name, c := range map[string]struct {
		files []map[string]string
		want  int
	}{
		"no limit":            {[]map[string]string{inside, group("", "cpu.max", "max 100000\n"), group("", "memory.max", "max\n")}, 16},
		"two cores":           {[]map[string]string{inside, group("", "cpu.max", "200000 100000\n")}, 2},
		"two and a half":      {[]map[string]string{inside, group("", "cpu.max", "250000 100000\n")}, 2},
		"half a core":         {[]map[string]string{inside, group("", "cpu.max", "50000 100000\n")}, 1},
		"more than there are": {[]map[string]string{inside, group("", "cpu.max", "9900000 100000\n")}, 16},
		"not understood":      {[]map[string]string{inside, group("", "cpu.max", "some 100000\n"), group("", "memory.max", "lots")}, 16},
		"no period":           {[]map[string]string{inside, group("", "cpu.max", "200000 0\n")}, 16},
		"a gigabyte":          {[]map[string]string{inside, group("", "memory.max", fmt.Sprintln(gigabyte))}, 2},
		"most of it used": {[]map[string]string{inside, group("", "memory.max", fmt.Sprintln(4*gigabyte)),
			group("", "memory.current", fmt.Sprintln(3*gigabyte))}, 2},
		"used for files": {[]map[string]string{inside, group("", "memory.max", fmt.Sprintln(4*gigabyte)),
			group("", "memory.current", fmt.Sprintln(3*gigabyte)),
			group("", "memory.stat", fmt.Sprintf("anon 1\ninactive_file %d\nactive_file 5\n", 3*gigabyte))}, 8},
		"more than is allowed": {[]map[string]string{inside, group("", "memory.max", "1000\n"), group("", "memory.current", "2000\n")}, 1},
		"a unit's":             {[]map[string]string{deep, group("system.slice/earshot.service/", "cpu.max", "300000 100000")}, 3},
		"a slice's": {[]map[string]string{deep, group("system.slice/", "cpu.max", "100000 100000"),
			group("system.slice/earshot.service/", "cpu.max", "300000 100000")}, 1},
		"another's":        {[]map[string]string{deep, group("user.slice/", "cpu.max", "100000 100000")}, 16},
		"beyond the tree":  {[]map[string]string{{"proc/self/cgroup": "0::/../../other\n"}, group("", "cpu.max", "400000 100000")}, 4},
		"version 1 only":   {[]map[string]string{{"proc/self/cgroup": "3:cpu:/docker\n"}, group("", "cpu.max", "100000 100000")}, 16},
		"no control group": {[]map[string]string{group("", "cpu.max", "100000 100000")}, 16},
	} {
		t.Run(name, func(t *testing.T) {
			files := filesOf(c.files...)
			maps.Copy(files, filesOf(meminfo(64*gigabyte)))
			if got := machineOf(files, 16).slots(1); got != c.want {
				t.Errorf("%d slots; expected %d", got, c.want)
			}
		})
	}
}
