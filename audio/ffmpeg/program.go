package ffmpeg

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Options make a Program. The zero value is fit for use.
type Options struct {
	// Program is the program's name or path; empty: "ffmpeg".
	Program string
	// Memory is how much data a process may hold, in bytes; 0: 256 MiB. Where the system knows no such bound there is none.
	Memory int64
	// Time is how much time of a processor a process may use; 0: 10 min.
	Time time.Duration
	// Most is how many processes there may be at a time; 0: 16. Of these one owner may have three times as many as are left for all
	// others: three quarters where he is the only one and they are not very few.
	Most int
	// Folder is where processes have folders of their own, which stay empty; empty: the system's for temporary files.
	Folder string
}

// Program is an ffmpeg that is installed. It may be used concurrently.
type Program struct {
	opts Options
	path string

	mu   sync.Mutex // guards all below
	open int        // processes
	by   map[string]int
}

// Find looks for the program. The error says how to install it.
func Find(o Options) (*Program, error) {
	o.Program = cmp.Or(o.Program, "ffmpeg")
	path, err := exec.LookPath(o.Program)
	if err != nil {
		return nil, fmt.Errorf("the program %q is not there: install ffmpeg (Debian: apt-get install ffmpeg), or say where it is", o.Program)
	}
	o.Memory, o.Time, o.Most = cmp.Or(o.Memory, 256<<20), cmp.Or(o.Time, 10*time.Minute), cmp.Or(o.Most, 16)
	return &Program{opts: o, path: path, by: map[string]int{}}, nil
}

// Path is where the program is.
func (p *Program) Path() string { return p.path }

// Input is a file to decode.
type Input struct {
	Format Format
	// Owner is whose file it is, such as an account; empty: nobody's, which is held to no share of the processes.
	Owner string
	// Body is the file, which is read by a goroutine of the recording's own.
	Body io.Reader
	// File is the file in place of Body, where the program must seek; it may be one whose name is gone. It must stay open until the
	// recording is closed.
	File *os.File
	// Most is how much audio is decoded, with something to spare that shows that there is more; 0: all.
	Most time.Duration
}

// share is how many times what is left one owner may have.
const share = 3

// take begins to use one of the processes that there may be.
func (p *Program) take(owner string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	left, own := p.opts.Most-p.open, p.by[owner]
	switch {
	case left <= 0:
		return &stt.Error{Code: stt.Exhausted, Op: "decode", RetryAfter: time.Second,
			Msg: fmt.Sprintf("%d files are being decoded already; try again", p.opts.Most)}
	case owner != "" && own >= share*left:
		return &stt.Error{Code: stt.Quota, Op: "decode", RetryAfter: time.Second,
			Msg: fmt.Sprintf("%d files of the account are being decoded already, which leaves few places for others; try again", own)}
	}
	p.open++
	if owner != "" {
		p.by[owner]++
	}
	return nil
}

func (p *Program) give(owner string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	if p.by[owner]--; p.by[owner] <= 0 {
		delete(p.by, owner)
	}
}

// limits is what the shell does before it becomes the program: no dumps, no files, few descriptors, bounded time and memory. A bound
// that a system does not know is left out. Address space is bounded as well, with room for the program's libraries.
const limits = `ulimit -c 0 2>/dev/null; ulimit -f 0 2>/dev/null; ulimit -n 64 2>/dev/null
ulimit -t "$1" 2>/dev/null; ulimit -d "$2" 2>/dev/null; ulimit -v "$3" 2>/dev/null
shift 3; exec "$@"`

// shell is what sets the bounds, which cannot be set from here.
const shell = "/bin/sh"

// libraries is room for the program's libraries in its address space, in bytes.
const libraries = 1 << 30

// inherited is the descriptor of Input.File in the process.
const inherited = 3

// command is what to run for a file.
func (p *Program) command(in Input) []string {
	source, protocols := "pipe:0", "pipe"
	if in.File != nil {
		source, protocols = "file:/dev/fd/"+strconv.Itoa(inherited), "file,pipe"
	}
	args := []string{"-c", limits, "sh", strconv.FormatInt(max(int64(p.opts.Time/time.Second), 1), 10),
		strconv.FormatInt(p.opts.Memory>>10, 10), strconv.FormatInt((p.opts.Memory+libraries)>>10, 10),
		p.path, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-max_alloc", strconv.FormatInt(p.opts.Memory/2, 10),
		"-protocol_whitelist", protocols, "-threads", "1", "-f", in.Format.demuxer, "-i", source,
		"-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"}
	if in.Most > 0 {
		args = append(args, "-t", strconv.FormatFloat((in.Most+spare).Seconds(), 'f', 3, 64))
	}
	return append(args, "-af", "aresample=async=1:first_pts=0", "-threads", "1", "-c:a", "pcm_s16le", "-flush_packets", "1", "-bitexact",
		"-f", "wav", "pipe:1")
}

// spare is how much more audio than wanted is decoded.
const spare = time.Second

// environment is what the program sees of ours.
func environment(folder string) []string {
	env := []string{"LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1", "HOME=" + folder, "TMPDIR=" + folder}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}
