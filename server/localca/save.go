package localca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/earshot-stt/earshot/stt"
)

// The kinds of PEM block that are written, and read back.
const (
	certBlock = "CERTIFICATE"
	keyBlock  = "PRIVATE KEY" // PKCS #8
)

const maxFileSize = 1 << 20

// load reads the authority's files. Both results are nil if there is neither file, cert alone if only the key is there.
func load(dir string) (cert *x509.Certificate, key crypto.Signer, err error) {
	certPath, keyPath := filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile)
	keyData, info, keyErr := readFile(keyPath)
	certData, _, certErr := readFile(certPath)
	keyMissing, certMissing := errors.Is(keyErr, fs.ErrNotExist), errors.Is(certErr, fs.ErrNotExist)
	switch {
	case keyMissing && certMissing:
		return nil, nil, nil
	case keyMissing:
		return nil, nil, caError(keyPath, "expected the key of %s; there is no such file: restore it, or remove %s to have a new certificate authority made", CertFile, CertFile)
	case keyErr != nil:
		return nil, nil, caError(keyPath, "%v", cause(keyErr))
	case certErr != nil && !certMissing:
		return nil, nil, caError(certPath, "%v", cause(certErr))
	case info.Mode().Perm()&^0o600 != 0:
		return nil, nil, caError(keyPath, "expected a file that only its owner may read (mode 0600); it has mode %04o: run chmod 600 %s", info.Mode().Perm(), shellWord(keyPath))
	}
	if key, err = parseKey(keyData); err != nil {
		return nil, nil, caError(keyPath, "%v", err)
	}
	if certMissing {
		return nil, key, nil
	}
	if cert, err = parseAuthority(certData); err != nil {
		return nil, nil, caError(certPath, "%v", err)
	}
	if public, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, nil, caError(certPath, "expected the certificate of the key in %s; it is another key's", KeyFile)
	}
	return cert, key, nil
}

func parseKey(data []byte) (crypto.Signer, error) {
	const want = "expected an ECDSA key in a PEM block \"" + keyBlock + "\""
	block, _ := pem.Decode(data)
	if block == nil || block.Type != keyBlock {
		return nil, errors.New(want + "; got none")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New(want + "; its content is broken")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New(want + "; got one of another kind")
	}
	return key, nil
}

// parseAuthority refuses an authority that was not made here: replacing it, should it come to that, would destroy what is
// not ours.
func parseAuthority(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != certBlock {
		return nil, errors.New("expected a PEM block \"" + certBlock + "\"; got none")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("expected a certificate: %w", err)
	}
	if !cert.IsCA || !cert.MaxPathLenZero || !cert.PermittedDNSDomainsCritical || len(cert.PermittedDNSDomains) == 0 || len(cert.PermittedIPRanges) == 0 {
		return nil, errors.New("expected a certificate authority that this server has made, with critical name constraints; for certificates of your own use --tls-cert and --tls-key")
	}
	return cert, nil
}

// saveKey writes the key. The certificate of a former one goes first: a pair that does not match could not be opened.
func saveKey(dir string, key crypto.Signer, replaced bool) error {
	if replaced {
		if err := os.Remove(filepath.Join(dir, CertFile)); err != nil {
			return caError(filepath.Join(dir, CertFile), "%v", cause(err))
		}
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return save(dir, KeyFile, 0o600, &pem.Block{Type: keyBlock, Bytes: raw})
}

func saveCert(dir string, cert *x509.Certificate) error {
	return save(dir, CertFile, 0o644, &pem.Block{Type: certBlock, Bytes: cert.Raw})
}

// save puts a file in the place of another, if any, whole or not at all.
func save(dir, name string, mode fs.FileMode, block *pem.Block) error {
	path := filepath.Join(dir, name)
	temp := filepath.Join(dir, "."+name+".new")
	err := write(temp, mode, block)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return caError(path, "cannot write it: %v", cause(err))
	}
	return nil
}

// write makes a file, through to the disk, in place of one that a process left behind when it died.
func write(path string, mode fs.FileMode, block *pem.Block) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(mode); err != nil { // the umask may have taken away more than it should
		return err
	}
	if err := pem.Encode(f, block); err != nil {
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

// readFile reads a file of reasonable size. info is nil if it could not be opened.
func readFile(path string) (data []byte, info fs.FileInfo, err error) {
	// Opening a FIFO would wait for somebody to write to it, but for O_NONBLOCK.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, info, errors.New("expected a file; got something else")
	}
	data, err = io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		err = fmt.Errorf("expected at most %d bytes; got more", maxFileSize)
	}
	return data, info, err
}

// cause is err without the path, which the caller names.
func cause(err error) error {
	var known *fs.PathError
	if errors.As(err, &known) {
		return known.Err
	}
	return err
}

func caError(path, format string, args ...any) error {
	return &stt.Error{Code: stt.Invalid, Op: "open local certificate authority", Msg: fmt.Sprintf("%q: ", path) + fmt.Sprintf(format, args...)}
}

// shellWord writes a path so that it can be pasted into a shell.
func shellWord(path string) string {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-+", r)
	}
	if !strings.ContainsFunc(path, odd) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
