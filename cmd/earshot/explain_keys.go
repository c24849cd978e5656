package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// keys returns all keys that are at hand. Those of the server are: what a file named on the command line has; else, for an
// address on this machine or a server that is named, what its store and its data folder have; else all. The rest is tried to find out what was mixed up.
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
	named := c.Data != "" || c.Store != "" || c.Config != "" && env.getenv("EARSHOT_CONFIG") == ""
	var all []sigv4.Key
	local := ""
	if c.Profile == "" {
		local = localFile(env, c.folder(), auth.CredentialsFile)
		kept, err := c.stored(env, a)
		if err != nil && named && (stt.CodeOf(err) != stt.NotFound || local == "") {
			return nil, err
		}
		if err != nil && stt.CodeOf(err) != stt.NotFound {
			a.refused = append(a.refused, sigv4.Finding{Field: "keys", Text: "the store of the server on this machine cannot be read: " + err.Error()})
		}
		if all = owned(kept, true); local != "" {
			keys, _ := keysIn(local, local, "")           // what cannot be read is as if it were not there
			all = append(all, owned(keys, err != nil)...) // a store has taken them over, and what it says counts
		}
		if err == nil {
			local = "the store"
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
	if local == "" || !named && !onThisMachine("http://"+a.sent) {
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
		"or give its place with --data, --store or --config, or a file of keys with --credentials FILE; looked into were " + folder + " and the files and variables of AWS tools"})
}

// folder returns the data folder that is meant; empty: the usual one.
func (c *explainCmd) folder() string {
	if cfg, _, err := loadConfig(c.Config, c.flags()); err == nil {
		return cfg.Data
	}
	return c.Data
}

// stored returns the access keys in the store of the server that are good: the one that the request names, and others that may have been mixed
// up with it. It notes where the store has the key and refuses it. NotFound: there is no store.
func (c *explainCmd) stored(env *environment, a *subject) (all []sigv4.Key, err error) {
	const most = 200 // keys; each is unsealed and tried
	err = c.with(env, func(s *store.Store, _ store.Actor) error {
		list, _, err := s.AccessKeys(env.ctx, store.KeyFilter{Page: store.Page{Max: most}})
		if err != nil {
			return err
		}
		if claim, err := sigv4.Parse(a.request.RawQuery, a.request.Header); err == nil {
			if k, err := s.DescribeAccessKey(env.ctx, claim.AccessKeyID); err == nil {
				list = append(list, k)
				a.refused = append(a.refused, inForce(env, s, k)...)
			}
		}
		done := map[string]bool{}
		for _, k := range list {
			if done[k.ID] || len(inForce(env, s, k)) > 0 {
				continue
			}
			done[k.ID] = true
			if k, err = s.AccessKey(env.ctx, k.ID); err != nil {
				return err
			}
			for _, secret := range k.Secrets {
				all = append(all, sigv4.Key{AccessKeyID: k.ID, Secret: secret.Value, Where: s.String() + " (" + strconv.Quote(k.Name) + ")"})
			}
		}
		return nil
	})
	return all, err
}

// inForce says what keeps a key that the store has from being accepted.
func inForce(env *environment, s *store.Store, k store.AccessKey) (all []sigv4.Finding) {
	add := func(text string) { all = append(all, sigv4.Finding{Fault: true, Field: "keys", Text: text}) }
	if state := stateText(k.Disabled, k.Expires); state != "enabled" {
		add("the store has the key " + k.ID + ", which is " + state)
	}
	if owner, err := s.Account(env.ctx, k.Account); err == nil && owner.Disabled {
		add("the account of the key " + k.ID + ", " + strconv.Quote(owner.Name) + ", is disabled")
	}
	return all
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
