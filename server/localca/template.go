package localca

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// caTemplate describes the authority. Each has a name of its own, so that clients which trust a former one do not try its
// key on certificates of the next.
func caTemplate(n names, now time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"Earshot"}, CommonName: fmt.Sprintf("Earshot local CA %x", serial.Bytes()[:4])},
		NotBefore:    now.Add(-clockError),
		NotAfter:     now.AddDate(caYears, 0, 0),

		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it signs certificates of servers, not of other authorities
		KeyUsage:              x509.KeyUsageCertSign,
		// Mail addresses and the like are not constrained below; certificates for anything but a server are useless anyway.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		PermittedDNSDomainsCritical: true, // and thereby all of the extension
		PermittedDNSDomains:         n.dns,
		PermittedIPRanges:           n.networks(),
	}, nil
}

// leafTemplate describes a server's certificate.
func leafTemplate(n names, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{Organization: []string{"Earshot"}, CommonName: "Earshot"},
		NotBefore:   from,
		NotAfter:    to,
		DNSNames:    n.dns,
		IPAddresses: n.ips,

		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// sign makes a certificate of a template, with a serial number if it has none.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	if template.SerialNumber == nil {
		serial, err := newSerial()
		if err != nil {
			return nil, err
		}
		template.SerialNumber = serial
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	return x509.ParseCertificate(raw)
}

// newSerial returns 128 random bits, the first of them 01: a positive number whose length is always the same.
func newSerial() (*big.Int, error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	raw[0] = raw[0]&0x7f | 0x40
	return new(big.Int).SetBytes(raw), nil
}
