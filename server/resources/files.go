package resources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// Files reads contents from where an operator allows it: a folder, and prefixes of buckets. The zero value allows nothing. Its
// methods may be called concurrently.
//
// Nothing of an address decides whom the server talks to: buckets are asked for at one endpoint, with rights of the server's own,
// and redirections are not followed.
type Files struct {
	// Dir is the folder that file:NAME is read from, and nothing outside of it, whatever links say; empty: none.
	Dir string
	// Buckets are prefixes such as s3://bucket/folder/ that may be read. One without a slash at its end stands for that folder, or
	// object, and not for others whose names begin so.
	Buckets []string
	// Endpoint is the address of the object store, where buckets are folders; empty: Amazon's in Region.
	Endpoint string
	// Region is what requests are signed for; empty: us-east-1.
	Region string
	// Credentials returns the rights that buckets are read with; nil: there are none, and objects must be public.
	Credentials func(ctx context.Context) (sigv4.Credentials, error)
	// Transport sends the requests; nil: http.DefaultTransport.
	Transport http.RoundTripper
}

// textNoAccess is what Amazon says of an object that cannot be read.
const textNoAccess = "The S3 URI that you provided can't be accessed. Make sure that you have read permission and try your request again."

func refused(format string, args ...any) error {
	return &stt.Error{Code: stt.Invalid, Op: "read", Msg: fmt.Sprintf(format, args...)}
}

// Check reports whether an address may be read, without reading it. The error is Invalid.
func (f *Files) Check(uri string) error {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch scheme {
	case "file":
		_, err := f.local(rest)
		return err
	case "s3":
		_, err := f.object(uri)
		return err
	}
	return refused("The address of a vocabulary file begins with s3:// or file:.")
}

// readTime is how long a file may take to be read.
const readTime = 15 * time.Second

// Read returns the content of an address. The error is Invalid for what cannot be had, and Unavailable for a store that does not answer.
func (f *Files) Read(ctx context.Context, uri string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if rest, ok := strings.CutPrefix(uri, "file:"); ok {
		name, err := f.local(rest)
		if err != nil {
			return nil, err
		}
		return f.readLocal(name)
	}
	path, err := f.object(uri)
	if err != nil {
		return nil, err
	}
	return f.readObject(ctx, path)
}

// local returns the name in the folder: file:NAME, file:/NAME and file:///NAME are the same.
func (f *Files) local(rest string) (string, error) {
	if f.Dir == "" {
		return "", refused("This server reads no vocabularies from its own files; an operator can set vocabularies.import_dir.")
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok && !strings.HasPrefix(after, "/") {
		return "", refused("A file of the server's is file:NAME, without a host.")
	}
	name := strings.TrimLeft(rest, "/")
	if name == "" || strings.ContainsAny(name, "\x00\\") {
		return "", refused("A file of the server's is file:NAME, in its import folder.")
	}
	return name, nil
}

// readLocal reads a regular file in the folder, through os.Root: no name and no link leads out of it.
func (f *Files) readLocal(name string) ([]byte, error) {
	unreadable := func(err error) ([]byte, error) {
		return nil, &stt.Error{Code: stt.Invalid, Op: "read", Msg: "The file cannot be read from the server's import folder.", Err: err}
	}
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return unreadable(err)
	}
	defer root.Close()
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not hold the server up
	if err != nil {
		return unreadable(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return unreadable(errors.Join(err, errors.New("not a regular file")))
	}
	content, err := bounded(file)
	if err != nil && stt.CodeOf(err) != stt.Invalid {
		return unreadable(err)
	}
	return content, err
}

// bounded reads what may be the content of a resource.
func bounded(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, resource.MaxContent+1))
	if err == nil && len(content) > resource.MaxContent {
		return nil, refused("The file is larger than %d bytes, which is as large as it may be.", resource.MaxContent)
	}
	return content, err
}
