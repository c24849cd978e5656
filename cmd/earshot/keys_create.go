package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// secretFormat is how a secret is printed.
type secretFormat struct {
	Format  string `enum:"text,json,credentials" default:"text" help:"For people (text), for programs (json), or as a credentials file of AWS tools (credentials). Default: ${default}."`
	Profile string `default:"default" placeholder:"NAME" help:"Name of the profile in a credentials file. Default: ${default}."`
}

// check refuses a name that AWS tools cannot read.
func (f *secretFormat) check() error {
	bad := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`[]"'#;\`, r) }
	if f.Profile == "" || len(f.Profile) > 128 || strings.ContainsFunc(f.Profile, bad) {
		return stt.InvalidOption("--profile", f.Profile, "1 to 128 visible ASCII characters without brackets, quotes, # and ;")
	}
	return nil
}

// print writes a key with its secret to standard output, which is the only place where it is ever seen.
func (f *secretFormat) print(env *environment, s *store.Store, k store.AccessKey, token string) error {
	shape, err := admin.ShapeNewAccessKey(k, token)
	if err != nil {
		return err
	}
	if f.Format == "credentials" {
		text := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", f.Profile, k.ID, k.Secrets[0].Value)
		if token != "" {
			text += "aws_session_token = " + token + "\n"
		}
		_, err := io.WriteString(env.out, text)
		return err
	}
	return formatFlag{f.Format}.print(env, shape, func(w io.Writer) {
		fmt.Fprintf(w, "access key id\t%s\nsecret access key\t%s\n", k.ID, k.Secrets[0].Value)
		if token != "" {
			fmt.Fprintf(w, "session token\t%s\n", token)
		}
		fmt.Fprintf(w, "name\t%s\naccount\t%s\nexpires\t%s\nlimits\t%s\n", k.Name, k.Account, timeText(k.Expires), limitText(k.Limits))
		oldSecret(w, k)
		newHolders(env, s).rights(w, k)
		fmt.Fprintln(env.errOut, "The secret is shown this once; keep it where the client finds it.")
	})
}

type keysCreateCmd struct {
	stateFlags
	secretFormat
	limitFlags
	Name    string `required:"" placeholder:"NAME" help:"What the key is called; 1 to 128 characters."`
	Account string `default:"default" placeholder:"NAME" help:"Account that owns it, by name or id; the one called default is made when it is needed. Default: ${default}."`
	User    string `placeholder:"ID" help:"User of the account whose it is, by id."`
	Policy  string `placeholder:"FILE" help:"File with what it may do, in AWS's IAM JSON, - for standard input. Default: streams, and the vocabularies of its account."`
	Expires string `placeholder:"TIME" help:"When it ends: 12h or 30d from now, 2027-01-31, or never. Default: never."`
}

// Run makes the key.
func (c *keysCreateCmd) Run(env *environment) error {
	if err := c.check(); err != nil {
		return err
	}
	text, err := readPolicy(env, "--policy", c.Policy)
	if err != nil {
		return err
	}
	key := store.AccessKey{Name: c.Name, User: c.User, Policy: text}
	if key.Expires, err = expiry(c.Expires, time.Now()); err != nil {
		return err
	}
	if err := c.to(&key.Limits); err != nil {
		return err
	}
	return c.making(env, func(s *store.Store, by store.Actor) error {
		owner, err := state.Account(env.ctx, s, by, c.Account)
		if err != nil {
			return err
		}
		key.Account = owner.ID
		made, err := s.CreateAccessKey(env.ctx, by, key)
		if err != nil {
			return err
		}
		namesakes(env, s, made.Name)
		return c.print(env, s, made, "")
	})
}

// namesakes warns where a name does not tell keys apart.
func namesakes(env *environment, s *store.Store, name string) {
	list, err := all(func(p store.Page) ([]store.AccessKey, string, error) {
		return s.AccessKeys(env.ctx, store.KeyFilter{Text: name, Temporary: "false", Page: p})
	})
	if err != nil {
		return // the key is made, and must be printed
	}
	noteNamesakes(env, "access keys", name, len(slices.DeleteFunc(list, func(k store.AccessKey) bool { return k.Name != name })))
}

type keysRotateCmd struct {
	stateFlags
	secretFormat
	keyArg
	Grace string `default:"0s" placeholder:"TIME" help:"How long the secret before stays good, such as 1h or 7d; at most 30d. Default: ${default}."`
}

// Run gives the key a new secret.
func (c *keysRotateCmd) Run(env *environment) error {
	if err := c.check(); err != nil {
		return err
	}
	grace, ok := span(c.Grace)
	if !ok || grace > 30*24*time.Hour {
		return stt.InvalidOption("--grace", c.Grace, "a length of time such as 1h or 7d, at most 30d")
	}
	return c.with(env, func(s *store.Store, by store.Actor) error {
		k, err := c.find(env, s)
		if err != nil {
			return err
		}
		if err := lasting(k); err != nil {
			return err
		}
		if k, err = s.RotateAccessKey(env.ctx, by, k.ID, grace); err != nil {
			return err
		}
		return c.print(env, s, k, "")
	})
}

type keysTemporaryCmd struct {
	stateFlags
	secretFormat
	keyArg
	TTL    string `name:"ttl" default:"1h" placeholder:"TIME" help:"How long they are good, 1m to 36h. Default: ${default}."`
	Name   string `placeholder:"NAME" help:"What they are called. Default: as the key."`
	Policy string `placeholder:"FILE" help:"File with a policy that restricts them further, - for standard input. Default: they may do what the key may."`
}

// Run makes temporary credentials.
func (c *keysTemporaryCmd) Run(env *environment) error {
	if err := c.check(); err != nil {
		return err
	}
	ttl, ok := span(c.TTL)
	if !ok || ttl < time.Minute || ttl > 36*time.Hour {
		return stt.InvalidOption("--ttl", c.TTL, "a length of time from 1m to 36h")
	}
	text, err := readPolicy(env, "--policy", c.Policy)
	if err != nil {
		return err
	}
	return c.with(env, func(s *store.Store, by store.Actor) error {
		k, err := c.find(env, s)
		if err != nil {
			return err
		}
		made, token, err := admin.Derive(env.ctx, s, by, admin.Derivation{Key: k.ID, Name: c.Name, Policy: text, TTL: ttl, Now: time.Now()})
		if err != nil {
			return err
		}
		return c.print(env, s, made, token)
	})
}

// plainCause is why a file cannot be read, without its name.
func plainCause(err error) string {
	var known *fs.PathError
	if errors.As(err, &known) {
		err = known.Err
	}
	return err.Error()
}
