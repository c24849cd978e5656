package store

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/earshot-stt/earshot/stt"
)

// restoring is what stands behind the name of a database in that of one that is being restored in its place; digits follow.
const restoring = ".restore-"

// claim locks a file that was made under a name of its own, so that sweep knows that somebody is still at it. The lock goes with f.
func claim(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return err
	}
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	if now, err := os.Lstat(f.Name()); err != nil || !os.SameFile(mine, now) {
		return stt.Errorf(stt.Conflict, "%q has been taken away", f.Name()) // before it was locked
	}
	return nil
}

// sweep removes what restores that were killed have left beside a database: files as large as it, which are of no use to anybody. What a
// restore is at just now stays. Where something cannot be removed, it stays too. log may be nil.
func sweep(path string, log *slog.Logger) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	swept := map[string]bool{}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), filepath.Base(path)+restoring)
		number, suffix, _ := strings.Cut(rest, "-")
		if !ours || number == "" || strings.Trim(number, "0123456789") != "" || swept[number] || suffix != "" && suffix != "wal" && suffix != "shm" && suffix != "lock" {
			continue
		}
		swept[number] = true
		left := path + restoring + number
		if !abandoned(left, path) {
			continue
		}
		for _, suffix := range []string{"", "-wal", "-shm", "-lock"} {
			_ = os.Remove(left + suffix)
		}
		if log != nil {
			log.Info("removed what a restore that was killed has left", slog.String("file", left))
		}
	}
}

// abandoned reports whether nobody is at a database that is being restored in the place of another.
func abandoned(left, path string) bool {
	info, err := os.Lstat(left)
	if err != nil {
		return os.IsNotExist(err) // and what was beside it is there
	}
	if now, err := os.Lstat(path); err == nil && os.SameFile(info, now) {
		return true // it has got its own name already; to open it would cost SQLite its locks
	}
	f, err := os.OpenFile(left, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return info.Mode().IsRegular() && syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
