package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// keys returns all keys that are at hand. Those of the server are: what a file named on the command line has; else, for an
// address on this machine or a data folder that is named, what the data folder has; else all. The rest is tried to find out what was mixed up.
func (c *explainCmd) keys(env *environment, a *subject) ([]sigv4.Key, error) {
	if c.Credentials != "" {
		keys, err := keysIn(c.Credentials, c.Credentials, c.Profile)
		if err != nil {
			return nil, stt.InvalidOption("--credentials", c.Credentials, "a credentials file in AWS format; it cannot be read")
		}
		if c.Profile != "" && len(keys) == 0 {
			return nil, stt.InvalidOption("--profile", c.Profile, "a profile with a key in "+c.Credentials)
		}
		return owned(keys, true), nil
	}
	var all []sigv4.Key
	local := ""
	if c.Profile == "" {
		if c.Data != "" {
			if _, err := keyFile(env, c.Data); err != nil {
				return nil, err
			}
		}
		if local = localFile(env, c.Data, auth.CredentialsFile); local != "" {
			keys, _ := keysIn(local, local, "") // what cannot be read is as if it were not there
			all = append(all, owned(keys, true)...)
		}
		if id, value := env.getenv("AWS_ACCESS_KEY_ID"), env.getenv("AWS_SECRET_ACCESS_KEY"); id != "" && value != "" {
			all = append(all, sigv4.Key{AccessKeyID: id, Secret: value, Where: "the environment"})
		}
	}
	for _, f := range awsFiles(env) {
		keys, _ := keysIn(f, f, c.Profile) // see above
		all = append(all, keys...)
	}
	if c.Profile != "" && len(all) == 0 {
		return nil, stt.InvalidOption("--profile", c.Profile, "a profile with a key in the AWS config and credentials files")
	}
	if local == "" || c.Data == "" && !onThisMachine("http://"+a.sent) {
		return owned(all, true), nil
	}
	return all, nil
}

// adviseKeys says how to give a key where no server's is known.
func (a *subject) adviseKeys(env *environment) {
	if slices.ContainsFunc(a.keys, func(k sigv4.Key) bool { return k.Server }) {
		return
	}
	folder, _ := datadir.Resolve("", env.getenv)
	a.found.Findings = append(a.found.Findings, sigv4.Finding{Field: "keys", Text: "none is known here, without which a signature cannot be judged: run this where the server runs, " +
		"or give its data folder with --data DIR or EARSHOT_DATA, or its file \"credentials\" with --credentials FILE; looked into were " + folder + " and the files and variables of AWS tools"})
}

// owned marks keys as the server's or not.
func owned(keys []sigv4.Key, server bool) []sigv4.Key {
	for i := range keys {
		keys[i].Server = server
	}
	return keys
}

// awsFiles returns the files that AWS tools read.
func awsFiles(env *environment) []string {
	home := env.getenv("HOME")
	var files []string
	for _, f := range []struct{ variable, name string }{{"AWS_SHARED_CREDENTIALS_FILE", "credentials"}, {"AWS_CONFIG_FILE", "config"}} {
		if path := env.getenv(f.variable); path != "" {
			files = append(files, path)
		} else if home != "" {
			files = append(files, filepath.Join(home, ".aws", f.name))
		}
	}
	return files
}

// keysIn reads the keys of a file in AWS format, all or those of one profile. It is more lenient than a server is with its
// own file: it only looks for what may explain a signature.
func keysIn(path, where, profile string) ([]sigv4.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []sigv4.Key
	var section string
	var key sigv4.Key
	keep := func() {
		if key.AccessKeyID != "" && key.Secret != "" && (profile == "" || profile == section) {
			key.Where = where + " [" + section + "]"
			all = append(all, key)
		}
		key = sigv4.Key{}
	}
	for in := bufio.NewScanner(io.LimitReader(f, 1<<20)); in.Scan(); {
		line := strings.TrimSpace(in.Text())
		if inner, ok := strings.CutPrefix(line, "["); ok {
			keep()
			section, _, _ = strings.Cut(inner, "]")
			section = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(section), "profile "))
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "aws_access_key_id":
			key.AccessKeyID = strings.TrimSpace(value)
		case "aws_secret_access_key":
			key.Secret = strings.TrimSpace(value)
		}
	}
	keep()
	return all, nil
}
