package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/localca"
	"github.com/earshot-stt/earshot/stt"
)

// remote is the options of commands that talk to a server.
type remote struct {
	Region      string `help:"AWS region; another server than Amazon takes any." placeholder:"us-east-1"`
	Profile     string `help:"Profile in the AWS files." placeholder:"NAME"`
	Credentials string `type:"path" placeholder:"FILE" help:"Credentials file in AWS format. Default: as AWS tools find them, and for a server on this machine the file in its data folder."`
	Data        string `type:"path" placeholder:"DIR" help:"Data folder of the server, whose key and authority are used. Default: what EARSHOT_DATA says, else ~/.local/share/earshot, for a server on this machine."`
	CA          string `name:"ca" type:"path" placeholder:"FILE" help:"Certificates to trust beside the system's (PEM), for wss://: the ca.pem in the data folder of a server. Default: the ca.pem beside the file of --credentials or in the folder of --data; for a server on this machine that of its data folder."`
}

// open returns a client of the server at an address.
func (r *remote) open(env *environment, address string) (*transcribe.Recognizer, error) {
	return r.connect(env, address, nil)
}

// connect is open with further options of the provider.
func (r *remote) connect(env *environment, address string, more map[string]string) (*transcribe.Recognizer, error) {
	values := map[string]string{"endpoint": address}
	maps.Copy(values, more)
	set := func(name, value string) {
		if value != "" {
			values[name] = value
		}
	}
	set("region", r.Region)
	set("profile", r.Profile)
	set("ca_file", r.CA)
	if ca := r.authority(env, address); ca != "" {
		set("ca_file", ca)
		fmt.Fprintf(env.errOut, "trusting the certificates in %s\n", ca)
	}
	file := r.Credentials
	if file == "" && r.Profile == "" {
		var err error
		if file, err = r.key(env, address); err != nil {
			return nil, err
		}
		if file != "" {
			fmt.Fprintf(env.errOut, "using the key in %s\n", file)
		}
	}
	set("credentials_file", file)
	driver := transcribe.Driver()
	rec, err := driver.Open(env.ctx, values, env.getenv)
	if err != nil {
		return nil, r.flagged(env, address, err)
	}
	if file == "" && r.Profile == "" && bare(env, address) {
		folder := localFolder(env, r.Data)
		return nil, &stt.Error{Code: stt.Unauthenticated, Op: "open", Option: "--credentials", Msg: fmt.Sprintf(
			"there is no key for %s: start \"earshot serve\" on this machine, whose first start makes one in %s, or name another data folder with --data or EARSHOT_DATA, or give the file \"credentials\" in it with --credentials",
			address, folder)}
	}
	return rec.(*transcribe.Recognizer), nil
}

// flagged names the flag or the variable that set an option of the provider.
func (r *remote) flagged(env *environment, address string, err error) error {
	var e *stt.Error
	if !errors.As(err, &e) {
		return err
	}
	switch profile := env.getenv("AWS_PROFILE"); {
	case e.Option == "transcribe.profile" && e.Got == "" && profile != "":
		return stt.InvalidOption("AWS_PROFILE", profile, e.Want)
	case e.Option == "transcribe.region" && e.Got == "" && address == "":
		return &stt.Error{Code: stt.Invalid, Op: e.Op, Option: "--url", Want: "the address of a server, or a region",
			Msg: `"--url" is empty, which means Amazon's own service, and that has an address for each region: expected --url with the address of a server such as ws://127.0.0.1:8080, or --region (or AWS_REGION) such as us-east-1`}
	case e.Option == "transcribe.region" && e.Got != "" && r.Region == "":
		return stt.InvalidOption("AWS_REGION", e.Got, e.Want)
	case e.Got == "":
		return err
	}
	flags := map[string]string{"transcribe.endpoint": "--url", "transcribe.credentials_file": "--credentials",
		"transcribe.ca_file": "--ca", "transcribe.region": "--region", "transcribe.profile": "--profile",
		"transcribe.reconnect_for": "--reconnect"}
	if flag := flags[e.Option]; flag != "" {
		return stt.InvalidOption(flag, e.Got, e.Want)
	}
	return err
}

// authority returns the certificates that come with what else is given, or with a server on this machine; nothing where there is no
// TLS, and where the user says what to trust.
func (r *remote) authority(env *environment, address string) string {
	switch {
	case r.CA != "" || !secured(address):
		return ""
	case r.Data != "":
		return localFile(env, r.Data, localca.CertFile)
	case r.Credentials != "":
		if ca := readable(filepath.Join(filepath.Dir(r.Credentials), localca.CertFile)); ca != "" {
			return ca
		}
	}
	if !onThisMachine(address) {
		return ""
	}
	return localFile(env, "", localca.CertFile)
}

// key returns the credentials file of the data folder that is named, or else the one that a server on this machine made, when the
// address is on this machine and the AWS tools would find nothing.
func (r *remote) key(env *environment, address string) (string, error) {
	if r.Data != "" {
		return keyFile(env, r.Data)
	}
	if !bare(env, address) {
		return "", nil
	}
	return localFile(env, "", auth.CredentialsFile), nil
}

// keyFile returns the credentials file of a data folder that the user names.
func keyFile(env *environment, data string) (string, error) {
	if file := localFile(env, data, auth.CredentialsFile); file != "" {
		return file, nil
	}
	return "", stt.InvalidOption("--data", data, `the data folder of a server, with a file "credentials" that can be read`)
}

// localFolder returns the data folder of a server on this machine: the one that is named, else the one of the configuration that the
// environment names, else the usual one.
func localFolder(env *environment, data string) string {
	if file := env.getenv("EARSHOT_CONFIG"); data == "" && file != "" {
		if cfg, _, err := loadConfig(file, nil); err == nil { // else the server says what is wrong with it
			data = cfg.Data
		}
	}
	folder, _ := datadir.Resolve(data, env.getenv)
	return folder
}

// localFile returns the path of a file in a data folder, by default that of a server on this machine, or nothing where it cannot be
// read.
func localFile(env *environment, data, name string) string {
	folder := localFolder(env, data)
	return readable(filepath.Join(folder, name))
}

// readable returns the path of a file, or nothing where it cannot be read.
func readable(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	f.Close()
	return file
}

// onThisMachine reports whether an address is one of this machine's own.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// secured reports whether an address is one with TLS.
func secured(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "wss" || u.Scheme == "https")
}

// advised returns what went wrong with the server at an address, with what to do where that can be known.
func advised(err error, address string) error {
	if errors.Is(err, syscall.ECONNREFUSED) && onThisMachine(address) {
		return fmt.Errorf("%w; nobody listens there: start \"earshot serve\" on this machine, or give the address that it says when it is ready", err)
	}
	if strings.Contains(err.Error(), x509.UnknownAuthorityError{}.Error()) { // providers tell what happened on the network as text
		return fmt.Errorf("%w; give the certificates to trust with --ca FILE: the ca.pem in the data folder of the server", err)
	}
	return err
}

// bare reports whether an address is on this machine and the AWS tools know no key for it.
func bare(env *environment, address string) bool {
	if !onThisMachine(address) {
		return false
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_CONFIG_FILE",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if env.getenv(name) != "" {
			return false
		}
	}
	if home := env.getenv("HOME"); home != "" {
		if _, err := os.Stat(filepath.Join(home, ".aws", "credentials")); err == nil {
			return false
		}
	}
	return true
}
