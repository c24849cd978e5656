package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// keysCmd manages access keys: those of clients that sign their requests, as AWS SDKs do.
type keysCmd struct {
	Create    keysCreateCmd    `cmd:"" help:"Make an access key and print its secret, this once."`
	List      keysListCmd      `cmd:"" help:"List access keys."`
	Show      keysShowCmd      `cmd:"" help:"Show an access key, without its secret."`
	Disable   keysDisableCmd   `cmd:"" help:"Refuse an access key until it is enabled again."`
	Enable    keysEnableCmd    `cmd:"" help:"Accept a disabled access key again."`
	Limits    keysLimitsCmd    `cmd:"" help:"Change the limits of an access key."`
	Policy    keysPolicyCmd    `cmd:"" help:"Change the policy of an access key."`
	Rotate    keysRotateCmd    `cmd:"" help:"Give an access key a new secret and print it, this once."`
	Temporary keysTemporaryCmd `cmd:"" help:"Make temporary credentials of an access key and print them, this once."`
	Delete    keysDeleteCmd    `cmd:"" help:"Delete an access key."`
}

// keyArg names an access key.
type keyArg struct {
	Key string `arg:"" help:"Access key id, or the name if only one key has it."`
}

// find returns the access key that is meant, without its secrets.
func (a keyArg) find(env *environment, s *store.Store) (store.AccessKey, error) {
	k, err := s.DescribeAccessKey(env.ctx, a.Key)
	if stt.CodeOf(err) != stt.NotFound && stt.CodeOf(err) != stt.Invalid {
		return k, err
	}
	list, err := all(func(p store.Page) ([]store.AccessKey, string, error) {
		return s.AccessKeys(env.ctx, store.KeyFilter{Text: a.Key, Page: p})
	})
	if err != nil {
		return store.AccessKey{}, err
	}
	var found []store.AccessKey
	for _, k := range list {
		if k.Name == a.Key && k.Parent == "" {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return store.AccessKey{}, stt.Errorf(stt.NotFound, "there is no access key with the id or name %q; \"earshot keys list\" shows what there is", a.Key)
	case 1:
		return s.DescribeAccessKey(env.ctx, found[0].ID) // which has more than a list
	}
	return store.AccessKey{}, stt.Errorf(stt.Invalid, "%d access keys have the name %q; give the id, which \"earshot keys list\" shows", len(found), a.Key)
}

type keysListCmd struct {
	stateFlags
	formatFlag
	Account string `placeholder:"NAME" help:"Only those of this account, by name or id."`
	Text    string `placeholder:"TEXT" help:"Only those with this in the name or the id."`
}

// Run prints a table.
func (c *keysListCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		account, err := accountID(env, s, c.Account)
		if err != nil {
			return err
		}
		list, err := all(func(p store.Page) ([]store.AccessKey, string, error) {
			return s.AccessKeys(env.ctx, store.KeyFilter{Account: account, Text: c.Text, Page: p})
		})
		if err != nil {
			return err
		}
		holders := newHolders(env, s)
		head := []string{"ACCESS KEY ID", "NAME", "ACCOUNT", "STATE", "EXPIRES", "LAST USED", "LIMITS"}
		return printList(env, c.formatFlag, list, "access keys", head, func(k store.AccessKey) []string {
			return []string{k.ID, k.Name, k.Account, holders.ofAccessKey(k), timeText(k.Expires), timeText(k.LastUsed), limitText(k.Limits)}
		})
	})
}

type keysShowCmd struct {
	stateFlags
	formatFlag
	keyArg
}

// Run prints everything but the secret.
func (c *keysShowCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		k, err := c.find(env, s)
		if err != nil {
			return err
		}
		return printKey(env, s, c.formatFlag, k)
	})
}

func printKey(env *environment, s *store.Store, f formatFlag, k store.AccessKey) error {
	holders := newHolders(env, s)
	return f.print(env, admin.Shape(k), func(w io.Writer) {
		fmt.Fprintf(w, "access key id\t%s\nname\t%s\naccount\t%s\nuser\t%s\nstate\t%s\ncreated\t%s\nexpires\t%s\nlast used\t%s\nlimits\t%s\n",
			k.ID, k.Name, k.Account, or(k.User, "-"), holders.ofAccessKey(k), timeText(k.Created), timeText(k.Expires), timeText(k.LastUsed), limitText(k.Limits))
		oldSecret(w, k)
		if k.Parent != "" {
			fmt.Fprintf(w, "derived from\t%s\n", k.Parent)
		}
		holders.rights(w, k)
	})
}

// oldSecret says until when the secret before the newest is good.
func oldSecret(w io.Writer, k store.AccessKey) {
	if !k.OldSecretUntil.IsZero() {
		fmt.Fprintf(w, "old secret\tgood until %s\n", timeText(k.OldSecretUntil))
	}
}

// changed applies a change to an access key and prints it.
func (a keyArg) changed(env *environment, f *stateFlags, format formatFlag, change func(*store.AccessKey) error) error {
	return f.with(env, func(s *store.Store, by store.Actor) error {
		k, err := a.find(env, s)
		if err != nil {
			return err
		}
		if k, err = s.UpdateAccessKey(env.ctx, by, k.ID, change); err != nil {
			return err
		}
		return printKey(env, s, format, k)
	})
}

type keysDisableCmd struct {
	stateFlags
	formatFlag
	keyArg
}

// Run disables the key.
func (c *keysDisableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.AccessKey) error { k.Disabled = true; return nil })
}

type keysEnableCmd struct {
	stateFlags
	formatFlag
	keyArg
}

// Run enables the key.
func (c *keysEnableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.AccessKey) error { k.Disabled = false; return nil })
}

type keysLimitsCmd struct {
	stateFlags
	formatFlag
	keyArg
	limitFlags
	Expires string `placeholder:"TIME" help:"When it ends: 12h or 30d from now, 2027-01-31, or never."`
}

// Run changes what is given.
func (c *keysLimitsCmd) Run(env *environment) error {
	until, err := expiry(c.Expires, time.Now())
	if err != nil {
		return err
	}
	if !c.given() && c.Expires == "" {
		return noLimits()
	}
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.AccessKey) error {
		if c.Expires != "" {
			k.Expires = until
		}
		return c.to(&k.Limits)
	})
}

func noLimits() error {
	return &stt.Error{Code: stt.Invalid, Msg: "no limit is given: expected --streams, --rate, --burst, --day-minutes, --month-minutes or --warn-only"}
}

type keysPolicyCmd struct {
	stateFlags
	formatFlag
	keyArg
	Policy string `arg:"" placeholder:"FILE" help:"File with the policy in AWS's IAM JSON, - for standard input, or default for the default."`
}

// Run changes the policy.
func (c *keysPolicyCmd) Run(env *environment) error {
	text, err := readPolicy(env, "FILE", c.Policy)
	if err != nil {
		return err
	}
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.AccessKey) error { k.Policy = text; return nil })
}

// readPolicy returns the policy in a file, checked; empty for the default. Actions in it that this server does not have are noted aside.
func readPolicy(env *environment, flag, file string) (string, error) {
	if file == "" || file == "default" {
		return "", nil
	}
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(io.LimitReader(env.in, 1<<20))
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return "", stt.InvalidOption(flag, file, "a file with a policy; "+plainCause(err))
	}
	p, err := policy.Parse(data)
	if err != nil {
		return "", stt.Errorf(stt.Invalid, "%s: %s: %s", flag, file, stt.AsError(err).Msg)
	}
	for _, idle := range p.Idle(auth.Actions()) {
		fmt.Fprintf(env.errOut, "note: %s is none of the actions of this server\n", idle)
	}
	return strings.TrimSpace(string(data)), nil
}

type keysDeleteCmd struct {
	stateFlags
	keyArg
	Yes bool `help:"Do not ask."`
}

// Run deletes the key.
func (c *keysDeleteCmd) Run(env *environment) error {
	return c.with(env, func(s *store.Store, by store.Actor) error {
		k, err := c.find(env, s)
		if err != nil {
			return err
		}
		if err := confirmed(env, c.Yes, fmt.Sprintf("the access key %s (%q), with its temporary credentials,", k.ID, k.Name)); err != nil {
			return err
		}
		if err := s.DeleteAccessKey(env.ctx, by, k.ID); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "deleted %s\n", k.ID)
		return nil
	})
}

// accountID returns the id of the account with a name or an id; nothing for nothing.
func accountID(env *environment, s *store.Store, which string) (string, error) {
	if which == "" {
		return "", nil
	}
	a, err := state.FindAccount(env.ctx, s, which)
	return a.ID, err
}
