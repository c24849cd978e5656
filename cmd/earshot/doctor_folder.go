package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/localca"
)

// folderFindings looks at the data folder and what is in it, without making, changing or locking anything.
func folderFindings(env *environment, cfg *config.Config, sources *config.Info) []finding {
	const what = "data folder"
	path, why := datadir.Resolve(cfg.Data, env.getenv)
	if sources != nil && cfg.Data != "" {
		why = sources.Sources["data"].String()
	}
	if path == "" {
		return []finding{{what, false, "no folder is known: give --data DIR, or set HOME"}}
	}
	shown := path + " (" + why + ")"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The server makes all folders that are missing, below the first one that is there.
		if above := nearestFolder(path); !writable(above) {
			return []finding{{what, false, shown + " cannot be made: " + above + " " + notWritable("--data DIR, or another HOME")}}
		}
		return []finding{{what, true, shown + " will be made at the first start"}}
	case err != nil:
		return []finding{{what, false, err.Error()}}
	case !info.IsDir():
		return []finding{{what, false, path + " is not a folder: remove it, or give another with --data"}}
	case info.Mode().Perm()&0o077 != 0:
		return []finding{{what, false, path + " is open to others: chmod 700 " + path}}
	case !writable(path):
		return []finding{{what, false, shown + " " + notWritable("--data DIR")}}
	}
	all := []finding{{what, true, shown}, credentialsFinding(filepath.Join(path, auth.CredentialsFile))}
	if cfg.TLS.Listen != "" && cfg.TLS.Cert == "" {
		all = append(all, authorityFinding(path))
	}
	return all
}

// inUse reports whether a server runs with a data folder: its number stands in the lock as long as it does, and longer where it was killed.
func inUse(folder string) bool {
	text, err := os.ReadFile(filepath.Join(folder, datadir.LockFile))
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return false
	}
	err = syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// nearestFolder returns what is there of a path that is not.
func nearestFolder(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	for filepath.Dir(path) != path { // ends at the root at the latest
		path = filepath.Dir(path)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return path
}

// writable reports whether this process may make files in a folder. On a file system that is mounted read-only nobody may.
func writable(folder string) bool {
	const writeAndSearch = 0x2 | 0x1 // W_OK and X_OK, access(2)
	return syscall.Access(folder, writeAndSearch) == nil
}

func notWritable(other string) string {
	return "cannot be written to by this user (" + strconv.Itoa(os.Getuid()) + "): run the server as its owner, or give " + other
}

// credentialsFinding looks at the keys of callers.
func credentialsFinding(file string) finding {
	const what = "credentials"
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return finding{what, true, "will be made at the first start"}
	}
	keys, err := auth.OpenFile(file, auth.FileOptions{})
	switch {
	case err != nil:
		return finding{what, false, err.Error()}
	case keys.Len() == 0:
		// The server leaves alone what is there, and lets nobody in.
		return finding{what, false, file + " holds no key, so that every client is refused: add a profile, or remove the file to have one made at the next start"}
	}
	return finding{what, true, file + ", " + plural(keys.Len(), "key")}
}

// authorityFinding looks at the files of the local certificate authority, which the server makes together.
func authorityFinding(folder string) finding {
	const what = "authority"
	cert, key := filepath.Join(folder, localca.CertFile), filepath.Join(folder, localca.KeyFile)
	_, certErr := os.Stat(cert)
	_, keyErr := os.Stat(key)
	noCert, noKey := errors.Is(certErr, fs.ErrNotExist), errors.Is(keyErr, fs.ErrNotExist)
	switch {
	case noCert && noKey:
		return finding{what, true, "will be made at the first start"}
	case noKey:
		return finding{what, false, cert + " is there and its key " + localca.KeyFile + " is not: restore the key, or remove " + localca.CertFile +
			" to have a new authority made, which clients must be told to trust"}
	case noCert:
		return finding{what, true, cert + " will be made anew from " + localca.KeyFile}
	case certErr != nil || keyErr != nil:
		return finding{what, false, errors.Join(certErr, keyErr).Error()}
	}
	return finding{what, true, cert}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
