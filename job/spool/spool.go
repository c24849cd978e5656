package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Spool keeps files. It may be used concurrently.
type Spool struct {
	folder string
	most   int64
	used   atomic.Int64
}

// New returns a Spool in a folder, which is the system's for temporary files where it is empty. most is how many bytes all files on
// disk may have together; 0: any.
func New(folder string, most int64) *Spool { return &Spool{folder: folder, most: most} }

// InMemory is how much of a file is kept without a file on disk, in bytes.
const InMemory = 256 << 10

// Used is how many bytes the files on disk have together.
func (s *Spool) Used() int64 { return s.used.Load() }

// File is a file that is kept. One goroutine at a time uses it.
type File struct {
	spool *Spool
	held  bytes.Reader // all of the file, where disk is nil
	disk  *os.File
	size  int64 // on disk
}

// Take reads r to its end and keeps what comes. The caller closes the file. The error is that of r, Exhausted where too much is kept
// already, or Internal.
func (s *Spool) Take(r io.Reader) (*File, error) {
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, InMemory))
	if err != nil {
		return nil, err
	}
	f := &File{spool: s}
	if n < InMemory {
		f.held.Reset(head.Bytes())
		return f, nil
	}
	if err := f.keep(io.MultiReader(&head, r)); err != nil {
		return nil, err
	}
	return f, nil
}

// keep puts all of r on disk.
func (f *File) keep(r io.Reader) error {
	var err error
	if f.disk, err = os.CreateTemp(f.spool.folder, "earshot-upload-*"); err != nil {
		return internal(err)
	}
	if err = os.Remove(f.disk.Name()); err == nil {
		_, err = io.Copy(appender{f}, r)
	}
	if err == nil {
		_, err = f.disk.Seek(0, io.SeekStart)
	}
	if err == nil {
		return nil
	}
	f.Close()
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return internal(err)
	}
	return err
}

func internal(err error) error {
	return &stt.Error{Code: stt.Internal, Op: "receive", Msg: "the file cannot be kept", Err: err}
}

// appender puts bytes behind a file.
type appender struct{ f *File }

// Write implements io.Writer, within what all files may take.
func (a appender) Write(p []byte) (int, error) {
	n := int64(len(p))
	a.f.size += n
	if s := a.f.spool; s.used.Add(n) > s.most && s.most > 0 {
		return 0, &stt.Error{Code: stt.Exhausted, Op: "receive", RetryAfter: 10 * time.Second, Msg: "too many files are being kept at the moment; try again"}
	}
	return a.f.disk.Write(p)
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	if f.disk != nil {
		return f.disk.Read(p)
	}
	return f.held.Read(p)
}

// Disk returns the file as one on disk, to be read from its beginning by its descriptor. It stays the File's to close.
func (f *File) Disk() (*os.File, error) {
	if f.disk == nil {
		if _, err := f.held.Seek(0, io.SeekStart); err != nil {
			return nil, internal(err)
		}
		if err := f.keep(&f.held); err != nil {
			return nil, err
		}
	}
	if _, err := f.disk.Seek(0, io.SeekStart); err != nil {
		return nil, internal(err)
	}
	return f.disk, nil
}

// Close gives back what the file takes. It is idempotent.
func (f *File) Close() {
	if f.disk != nil {
		_ = f.disk.Close() // it has no name, so nothing is lost
		f.spool.used.Add(-f.size)
		f.disk, f.size = nil, 0
	}
	f.held.Reset(nil)
}
