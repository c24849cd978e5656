package server

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"syscall"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/localca"
	"github.com/earshot-stt/earshot/stt"
)

// listener is a listener and how to get to it.
type listener struct {
	net.Listener
	scheme string
}

// url returns the address as people and scripts use it.
func (l listener) url() string { return l.scheme + "://" + l.Addr().String() }

// listen opens all ports, or none.
func listen(cfg *config.Config, dir *datadir.Dir, opts Options) (all []listener, err error) {
	defer func() {
		if err != nil {
			for _, l := range all {
				l.Close()
			}
		}
	}()
	room := &capacity{limit: int64(cfg.Limits.Connections), log: opts.Log}
	if cfg.Listen != "" {
		l, err := bind("listen", cfg.Listen)
		if err != nil {
			return all, err
		}
		all = append(all, listener{room.on(l), "http"})
	}
	if cfg.TLS.Listen != "" {
		// An address that cannot be had must not cost the authority that clients trust.
		l, err := bind("tls.listen", cfg.TLS.Listen)
		if err != nil {
			return all, err
		}
		certificate, err := certificates(cfg, dir, opts)
		if err != nil {
			l.Close()
			return all, err
		}
		all = append(all, listener{tls.NewListener(room.on(l), &tls.Config{GetCertificate: certificate,
			MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}), "https"})
	}
	return all, nil
}

func bind(key, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	e := &stt.Error{Code: stt.Invalid, Op: "listen", Option: key, Got: address, Err: err,
		Msg: "cannot listen on " + address + " (option \"" + key + "\")"}
	if errors.Is(err, syscall.EADDRINUSE) {
		e.Msg += ": another program has the port; end it, or set --" + config.FlagName(key) + " to another port, 127.0.0.1:0 for any"
	}
	return nil, e
}

// certificates returns where the server's certificate comes from: the operator's files, or the local authority.
func certificates(cfg *config.Config, dir *datadir.Dir, opts Options) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	if cfg.TLS.Cert != "" {
		files, err := localca.OpenFiles(cfg.TLS.Cert, cfg.TLS.Key, localca.FilesOptions{Changed: func(err error) {
			if err != nil {
				opts.Log.Error("the certificate read before stays in use", slog.Any("error", err))
				return
			}
			opts.Log.Info("new certificate in use")
		}})
		if err != nil {
			return nil, err
		}
		return files.GetCertificate, nil
	}
	ca, err := localca.Open(dir.Path(""), hostNames(cfg), nil)
	if err != nil {
		return nil, err
	}
	if why := ca.Made(); why != "" {
		opts.Log.Info("local certificate authority", slog.String("why", why), slog.String("trust", ca.Path()))
	}
	return ca.GetCertificate, nil
}

// hostNames returns the names that the local authority certifies, without ports.
func hostNames(cfg *config.Config) []string {
	var names []string
	for _, h := range cfg.PublicHosts {
		if host, _, err := net.SplitHostPort(h); err == nil {
			h = host
		}
		names = append(names, h)
	}
	if host, _, err := net.SplitHostPort(cfg.TLS.Listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		names = append(names, host)
	}
	return names
}
