package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/earshot-stt/earshot/stt"
)

// The names of the files in the data folder.
const (
	CredentialsFile = "credentials"        // for OpenFile
	APIKeyFile      = "api-key"            // for OpenAPIKey
	AdminTokenFile  = "admin-token.sha256" // for OpenAdminToken
)

// Created is what a first start has made. Printed or logged it shows the files only.
type Created struct {
	// Files are the paths of the files made, in a fixed order; empty: everything was there.
	Files []string
	// AccessKeyID is that of the key in the credentials file, if that was made.
	AccessKeyID string
	// AdminToken is the administrator's token, if one was made. It stands nowhere else: print it now, once, and forget it.
	AdminToken string `json:"-" xml:"-" yaml:"-"`
}

// String names the files.
func (c Created) String() string { return fmt.Sprintf("created %q", c.Files) }

// GoString returns the same as String.
func (c Created) GoString() string { return c.String() }

// Format prints what String returns, whatever the verb.
func (c Created) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// MarshalText returns the same as String; encoders and package slog use it.
func (c Created) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// FirstStart makes those of the three files that a folder does not have: [CredentialsFile] with one access key as profile
// default, [APIKeyFile] and [AdminTokenFile]. All have mode 0600. A file appears whole or not at all and what exists,
// whatever it is, is never written to, so that FirstStart may be called at every start. A lost administrator token is
// replaced by removing its file and starting again.
//
// The folder must exist, and only one process may be at it; the lock of the data folder sees to that. With an error
// Created says what had been made before it.
func FirstStart(dir string) (Created, error) {
	var created Created
	create := func(name string, content []byte) (bool, error) {
		made, err := createFile(dir, name, content, os.Link)
		if made {
			created.Files = append(created.Files, filepath.Join(dir, name))
		}
		if err != nil {
			var known *fs.PathError
			if errors.As(err, &known) {
				err = known.Err
			}
			return made, stt.Errorf(stt.Invalid, "cannot create %q: %v", filepath.Join(dir, name), err)
		}
		return made, nil
	}

	key := profile{name: "default", id: newAccessKeyID(), secret: newSecret()}
	made, err := create(CredentialsFile, formatCredentials(credentialsComment, []profile{key}))
	if made {
		created.AccessKeyID = key.id
	}
	if err != nil {
		return created, err
	}
	if _, err := create(APIKeyFile, []byte(newToken(apiKeyPrefix)+"\n")); err != nil {
		return created, err
	}
	// Last: once its hash is kept nothing may go wrong any more that would keep the caller from printing it.
	token := newToken(adminPrefix)
	sum := sha256.Sum256([]byte(token))
	made, err = create(AdminTokenFile, []byte(adminComment+hex.EncodeToString(sum[:])+"\n"))
	if made {
		created.AdminToken = token
	}
	return created, err
}

const credentialsComment = `Keys for clients that sign their requests as those of AWS do. This is an AWS shared credentials file:
give its path to a client as AWS_SHARED_CREDENTIALS_FILE, or copy the two settings. They are good for
this server only. Every profile is a key; changes take effect within a second or so.
`

const adminComment = "# SHA-256 of the administrator's token. To get a new token remove this file and start the server again.\n"

// createFile creates dir/name with mode 0600. made is false, without error, if something of that name exists; true with
// an error if it is there but may not survive a power failure. link is os.Link.
func createFile(dir, name string, content []byte, link func(from, to string) error) (made bool, err error) {
	path := filepath.Join(dir, name)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	temp := filepath.Join(dir, "."+name+".new")
	if err := writeNew(temp, content); err != nil {
		return false, err
	}
	defer os.Remove(temp)
	// A link, unlike a rename, does not replace what may have appeared meanwhile. Some file systems have no
	// links; there the data folder's lock must do.
	switch err := link(temp, path); {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil:
		if err := os.Rename(temp, path); err != nil {
			return false, err
		}
	}
	return true, syncDir(dir)
}

// writeNew writes a file, through to the disk, in place of one that a process left behind when it died.
func writeNew(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	// The process's umask may have taken away more than others' permissions.
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes the names in a folder survive a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
