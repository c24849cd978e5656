package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/server/datadir"
)

// remote is the options of commands that talk to a server.
type remote struct {
	Region      string `help:"AWS region; another server than Amazon takes any." placeholder:"us-east-1"`
	Profile     string `help:"Profile in the AWS files." placeholder:"NAME"`
	Credentials string `type:"path" placeholder:"FILE" help:"Credentials file in AWS format. Default: as AWS tools find them, and for a server on this machine the file in its data folder."`
}

// open returns a client of the server at an address.
func (r *remote) open(env *environment, address string) (*transcribe.Recognizer, error) {
	values := map[string]string{"endpoint": address}
	set := func(name, value string) {
		if value != "" {
			values[name] = value
		}
	}
	set("region", r.Region)
	set("profile", r.Profile)
	file := r.Credentials
	if file == "" && r.Profile == "" {
		if file = localCredentials(env, address); file != "" {
			fmt.Fprintf(env.errOut, "using the key in %s\n", file)
		}
	}
	set("credentials_file", file)
	driver := transcribe.Driver()
	rec, err := driver.Open(env.ctx, values, env.getenv)
	if err != nil {
		return nil, err
	}
	return rec.(*transcribe.Recognizer), nil
}

// localCredentials returns the credentials file that a server on this machine made, when the address is on this machine and
// the AWS tools would find nothing.
func localCredentials(env *environment, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return ""
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_CONFIG_FILE"} {
		if env.getenv(name) != "" {
			return ""
		}
	}
	if home := env.getenv("HOME"); home != "" {
		if _, err := os.Stat(filepath.Join(home, ".aws", "credentials")); err == nil {
			return ""
		}
	}
	folder, _ := datadir.Resolve("", env.getenv)
	file := filepath.Join(folder, auth.CredentialsFile)
	if f, err := os.Open(file); err == nil {
		f.Close()
		return file
	}
	return ""
}
