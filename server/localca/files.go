package localca

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// The options that name the files, as errors name them.
const (
	certOption = "--tls-cert"
	keyOption  = "--tls-key"
)

const (
	// checkEvery is how often the files are looked at, at most.
	checkEvery = time.Second
	// settling is how long after a file was written its time stamp is not trusted: a second write within one tick of the
	// file system's clock, of the same length, would leave the stamp as it is.
	settling = 2 * time.Second
)

// FilesOptions are how the files are watched. The zero value is good.
type FilesOptions struct {
	// Now is the clock; nil: time.Now. The files are looked at during handshakes, at most once a second by this clock.
	Now func() time.Time
	// Changed is called when the files were found changed: with nil once the new certificate is in use, with an error once
	// when it cannot be used, in which case the one before stays. A certificate and a key that are replaced one after the
	// other may give an error and then nil. Changed is called by a handshake, from any goroutine, one call at a time; other
	// handshakes may wait for it. nil: nobody is told.
	Changed func(err error)
}

// Files is a certificate and its key in two files. Its methods may be called from any goroutine.
type Files struct {
	certPath, keyPath string
	now               func() time.Time
	changed           func(error)

	telling sync.Mutex // held during calls of changed; taken before mu is released, so that they keep their order

	mu      sync.Mutex // guards what follows
	cert    *tls.Certificate
	sum     [sha256.Size]byte // of what cert was read from
	stamps  [2]fs.FileInfo    // of the files as last read; nil: read it again whatever it looks like
	checked time.Time
	trouble string // the error that stands between cert and the files, once told; empty: none
}

// OpenFiles reads a PEM file with a certificate, followed by those between it and the root if there are any, and a PEM
// file with its key, unencrypted: PKCS #1, PKCS #8 or SEC 1. The modes of the files are the operator's business, and so is
// whether the certificate is valid now and for which names; see [Files.Leaf].
//
// Errors are [stt.NotFound] for a missing file, else [stt.Invalid], and name the option and the file, never its content.
func OpenFiles(certPath, keyPath string, options FilesOptions) (*Files, error) {
	if certPath == "" {
		return nil, stt.InvalidOption(certOption, "", "the path of a PEM file with the certificate of the key that "+keyOption+" names")
	}
	if keyPath == "" {
		return nil, stt.InvalidOption(keyOption, "", "the path of a PEM file with the key of the certificate that "+certOption+" names")
	}
	f := &Files{certPath: certPath, keyPath: keyPath, now: options.Now, changed: options.Changed}
	if f.now == nil {
		f.now = time.Now
	}
	if f.changed == nil {
		f.changed = func(error) {}
	}
	f.checked = f.now()
	if _, err := f.reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// GetCertificate returns the certificate, after a look at the files if the last one was long enough ago. It never fails.
func (f *Files) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	now := f.now()
	if since := now.Sub(f.checked); since >= 0 && since < checkEvery {
		defer f.mu.Unlock()
		return f.cert, nil
	}
	f.checked = now
	tell, err := f.refresh()
	cert := f.cert
	if !tell {
		f.mu.Unlock()
		return cert, nil
	}
	f.telling.Lock()
	defer f.telling.Unlock()
	f.mu.Unlock()
	f.changed(err)
	return cert, nil
}

// Leaf returns the certificate in use, for a log line about its names and its end. It must not be changed.
func (f *Files) Leaf() *x509.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cert.Leaf
}

// refresh reads the files if they seem to have changed. tell says that there is something to be told: err, or, if that is
// nil, that the certificate is new or that an error told before has passed. mu must be held.
func (f *Files) refresh() (tell bool, err error) {
	if unchanged(f.certPath, f.stamps[0]) && unchanged(f.keyPath, f.stamps[1]) {
		return false, nil
	}
	renewed, err := f.reload()
	trouble := ""
	if err != nil {
		trouble = err.Error()
	}
	tell = renewed || trouble != f.trouble
	f.trouble = trouble
	return tell, err
}

// reload reads the files and puts their content in use, unless there is an error. renewed is false if it is what was in
// use before. mu must be held, or f not be shared yet.
func (f *Files) reload() (renewed bool, err error) {
	certData, certInfo, certErr := readFile(f.certPath)
	keyData, keyInfo, keyErr := readFile(f.keyPath)
	for i, info := range []fs.FileInfo{certInfo, keyInfo} {
		if info != nil && f.checked.Sub(info.ModTime()).Abs() < settling {
			info = nil
		}
		f.stamps[i] = info
	}
	switch {
	case certErr != nil:
		return false, fileError(certOption, f.certPath, certErr)
	case keyErr != nil:
		return false, fileError(keyOption, f.keyPath, keyErr)
	}
	// The length keeps the two apart.
	sum := sha256.Sum256(append(fmt.Appendf(nil, "%d\n%s", len(certData), certData), keyData...))
	if sum == f.sum {
		return false, nil
	}
	cert, err := f.parse(certData, keyData)
	if err != nil {
		return false, err
	}
	f.cert, f.sum = cert, sum
	return true, nil
}

// parse looks at the certificate by itself first, in order to know which of the files is to blame.
func (f *Files) parse(certData, keyData []byte) (*tls.Certificate, error) {
	if err := checkCertificate(certData); err != nil {
		return nil, fileError(certOption, f.certPath, err)
	}
	if isEncrypted(keyData) {
		return nil, fileError(keyOption, f.keyPath, fmt.Errorf("expected a key that is not encrypted: run openssl pkey -in %s -out FILE and name that file", shellWord(f.keyPath)))
	}
	cert, err := tls.X509KeyPair(certData, keyData)
	if err != nil {
		return nil, fileError(keyOption, f.keyPath, fmt.Errorf("expected the key of the certificate in %q (%s): %s", f.certPath, certOption, strings.TrimPrefix(err.Error(), "tls: ")))
	}
	return &cert, nil
}

// checkCertificate wants at least one block with a certificate, and all of them to be sound.
func checkCertificate(data []byte) error {
	found := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != certBlock {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("expected a certificate: %w", err)
		}
		found = true
	}
	if !found {
		return errors.New("expected a PEM file with a certificate; there is none in it")
	}
	return nil
}

// isEncrypted knows both ways to encrypt a key in a PEM file: PKCS #8's and the older one, by headers.
func isEncrypted(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return true
		}
	}
	return false
}

// unchanged reports whether nothing suggests that a file was changed since it had a stamp. The mode counts: taking
// permissions away or giving them is what mends some errors.
func unchanged(path string, stamp fs.FileInfo) bool {
	info, err := os.Stat(path)
	return err == nil && stamp != nil && os.SameFile(info, stamp) && info.ModTime().Equal(stamp.ModTime()) &&
		info.Size() == stamp.Size() && info.Mode() == stamp.Mode()
}

func fileError(option, path string, err error) error {
	code := stt.Invalid
	if errors.Is(err, fs.ErrNotExist) {
		code = stt.NotFound
	}
	return &stt.Error{Code: code, Option: option, Msg: fmt.Sprintf("option %q: %q: %v", option, path, cause(err))}
}
