package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// FileOptions are how a file is watched. The zero value is good.
type FileOptions struct {
	// Now is the clock; nil: time.Now. The file is looked at when it is used, at most once a second by this clock.
	Now func() time.Time
	// Changed is called when the file was found changed: with nil once its new content is in force, with an error once when
	// it cannot be used, in which case the content read before stays in force. The error is one to log. Changed is called
	// by whoever uses the file, from any goroutine, one call at a time. It must not use the file. nil: nobody is told.
	Changed func(err error)
}

// File is a credentials file: access keys, one or more. It may be used from any goroutine.
type File struct {
	keys *watched[map[string]AccessKey]
}

// OpenFile reads an AWS shared-credentials file:
//
//	# a comment has a line to itself
//	[default]
//	aws_access_key_id = ESHKAAAAAAAAAAAAAAAA
//	aws_secret_access_key = ...
//
// Each profile with these two settings is a key, whose name is the profile's. Other settings, and profiles without a key,
// are passed over; "aws_session_token" is refused, because temporary credentials end and these here would not. What
// readers of this format disagree about is refused as well: quotes, comments behind a value, indentation, names that stand
// twice. To rotate a secret put a second profile with the same access key id and the new secret before the old one, let
// the clients change, and remove the old one. A file without any key is good and knows nobody.
//
// The file is read again when it has changed. One that has become unreadable, invalid, too widely readable or has gone
// leaves the keys as they were and is reported through options; so to revoke the last key empty the file.
//
// Errors are [stt.NotFound] when there is no such file and [stt.Invalid] when it is larger than 1 MiB, not a file, open
// to others than its owner, or wrong in a line, which the error names without saying what stands there.
func OpenFile(path string, options FileOptions) (*File, error) {
	keys, err := watch(path, "credentials", options, func(data []byte) (map[string]AccessKey, error) {
		profiles, err := parseCredentials(data)
		if err != nil {
			return nil, err
		}
		return keysOf(profiles)
	})
	if err != nil {
		return nil, err
	}
	return &File{keys: keys}, nil
}

// AccessKey returns the key with an id; see [AccessKeys].
func (f *File) AccessKey(ctx context.Context, id string) (AccessKey, error) {
	if err := ctx.Err(); err != nil {
		return AccessKey{}, stt.AsError(err)
	}
	key, known := f.keys.get()[id]
	if !known {
		return AccessKey{}, unknownKey(id)
	}
	return key.clone(), nil
}

// All returns all keys, by id. The result belongs to the receiver.
func (f *File) All() []AccessKey {
	var all []AccessKey
	for _, key := range f.keys.get() {
		all = append(all, key.clone())
	}
	slices.SortFunc(all, func(a, b AccessKey) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Len returns how many keys there are.
func (f *File) Len() int { return len(f.keys.get()) }

// String returns the path.
func (f *File) String() string { return "credentials file " + f.keys.path }

// Format prints what String returns, whatever the verb.
func (f *File) Format(s fmt.State, _ rune) { fmt.Fprint(s, f.String()) }
