package speechall

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/earshot-stt/earshot/stt"
)

// spool keeps files whose transcription cannot begin yet, because fields of their form are still to come: the beginning in memory, and
// what is longer in a temporary file that has no name any more. It may be used concurrently.
type spool struct {
	folder string // empty: the system's
	most   int64  // bytes of all files at a time
	used   atomic.Int64
}

// inMemory is how much of a file is kept without a file.
const inMemory = 256 << 10

// spooled is a file that has come.
type spooled struct {
	io.Reader
	spool *spool
	disk  *os.File // nil: it is in memory
	size  int64
}

// take reads a file to its end. The error is that of r, Exhausted where too much is kept already, or Internal.
func (s *spool) take(r io.Reader) (*spooled, error) {
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, inMemory))
	if err != nil || n < inMemory {
		return &spooled{Reader: &head, spool: s}, err
	}
	disk, err := os.CreateTemp(s.folder, "earshot-upload-*")
	if err != nil {
		return nil, &stt.Error{Code: stt.Internal, Op: "receive", Msg: "the file cannot be kept", Err: err}
	}
	f := &spooled{spool: s, disk: disk}
	if err = os.Remove(disk.Name()); err == nil { // nothing is left of it however the process ends
		_, err = io.Copy(f, io.MultiReader(&head, r))
	}
	if err == nil {
		_, err = disk.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.close()
		if e := (*stt.Error)(nil); errors.As(err, &e) {
			return nil, e
		}
		return nil, &stt.Error{Code: stt.Internal, Op: "receive", Msg: "the file cannot be kept", Err: err}
	}
	f.Reader = disk
	return f, nil
}

// Write implements io.Writer, within what all files may take.
func (f *spooled) Write(p []byte) (int, error) {
	n := int64(len(p))
	f.size += n
	if f.spool.used.Add(n) > f.spool.most {
		return 0, &stt.Error{Code: stt.Exhausted, Op: "receive", Msg: "too many files are being sent at the moment; try again"}
	}
	return f.disk.Write(p)
}

// close gives back what the file takes. It is idempotent.
func (f *spooled) close() {
	if f.disk != nil {
		_ = f.disk.Close() // it has no name, so nothing is lost
		f.spool.used.Add(-f.size)
		f.disk, f.size = nil, 0
	}
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
