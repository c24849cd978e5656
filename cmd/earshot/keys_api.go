package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// apiKeysCmd manages API keys: those of clients that send the key itself, in a header.
type apiKeysCmd struct {
	Create  apiKeysCreateCmd  `cmd:"" help:"Make an API key and print it, this once."`
	List    apiKeysListCmd    `cmd:"" help:"List API keys."`
	Show    apiKeysShowCmd    `cmd:"" help:"Show what is known of an API key, which is not the key."`
	Disable apiKeysDisableCmd `cmd:"" help:"Refuse an API key until it is enabled again."`
	Enable  apiKeysEnableCmd  `cmd:"" help:"Accept a disabled API key again."`
	Limits  apiKeysLimitsCmd  `cmd:"" help:"Change the limits of an API key."`
	Delete  apiKeysDeleteCmd  `cmd:"" help:"Delete an API key."`
}

// apiKeyArg names an API key.
type apiKeyArg struct {
	Key string `arg:"" help:"Id of the API key, or how it begins, or the name: what only one key has."`
}

func (a apiKeyArg) find(env *environment, s *store.Store) (store.APIKey, error) {
	k, err := s.APIKey(env.ctx, a.Key)
	if stt.CodeOf(err) != stt.NotFound && stt.CodeOf(err) != stt.Invalid {
		return k, err
	}
	list, err := all(func(p store.Page) ([]store.APIKey, string, error) {
		return s.APIKeys(env.ctx, store.KeyFilter{Page: p})
	})
	if err != nil {
		return store.APIKey{}, err
	}
	var found []store.APIKey
	for _, k := range list {
		// Whoever gives the whole key means it as well; it is compared with what is known of it, and not repeated.
		if k.Name == a.Key || k.Prefix != "" && strings.HasPrefix(a.Key, k.Prefix) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return store.APIKey{}, stt.Errorf(stt.NotFound, "there is no such API key; \"earshot api-keys list\" shows what there is")
	case 1:
		return found[0], nil
	}
	return store.APIKey{}, stt.Errorf(stt.Invalid, "%d API keys are called so; give the id, which \"earshot api-keys list\" shows", len(found))
}

type apiKeysCreateCmd struct {
	stateFlags
	formatFlag
	limitFlags
	Name       string   `required:"" placeholder:"NAME" help:"What the key is called; 1 to 128 characters."`
	Account    string   `default:"default" placeholder:"NAME" help:"Account that owns it, by name or id; the one called default is made when it is needed. Default: ${default}."`
	User       string   `placeholder:"ID" help:"User of the account whose it is, by id."`
	Models     []string `name:"model" placeholder:"MODEL" help:"Only for this model, by any of its names; may be repeated."`
	Operations []string `name:"operation" placeholder:"NAME" help:"Only for this operation: stream, transcribe, transcribe-remote, models, replacement-rulesets, audio-transcriptions or audio-translations; may be repeated."`
	Origins    []string `name:"origin" placeholder:"URL" help:"Only for web pages of this origin, such as https://example.com; may be repeated."`
	Expires    string   `placeholder:"TIME" help:"When it ends: 12h or 30d from now, 2027-01-31, or never. Default: never."`
}

// Run makes the key.
func (c *apiKeysCreateCmd) Run(env *environment) error {
	if err := auth.CheckScope(c.Operations, c.Origins); err != nil {
		return err
	}
	key := store.APIKey{Name: c.Name, User: c.User, Models: c.Models, Operations: c.Operations, Origins: c.Origins}
	var err error
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
		made, token, err := s.CreateAPIKey(env.ctx, by, key)
		if err != nil {
			return err
		}
		apiNamesakes(env, s, made.Name)
		return c.print(env, admin.ShapeNewAPIKey(made, token), func(w io.Writer) {
			fmt.Fprintf(w, "API key\t%s\nid\t%s\nname\t%s\naccount\t%s\nexpires\t%s\nlimits\t%s\n",
				token, made.ID, made.Name, made.Account, timeText(made.Expires), limitText(made.Limits))
			fmt.Fprintln(env.errOut, "The key is shown this once; keep it where the client finds it.")
		})
	})
}

// apiNamesakes is namesakes for API keys.
func apiNamesakes(env *environment, s *store.Store, name string) {
	list, err := all(func(p store.Page) ([]store.APIKey, string, error) {
		return s.APIKeys(env.ctx, store.KeyFilter{Text: name, Page: p})
	})
	if err != nil {
		return // the key is made, and must be printed
	}
	noteNamesakes(env, "API keys", name, len(slices.DeleteFunc(list, func(k store.APIKey) bool { return k.Name != name })))
}

// noteNamesakes warns where so many of something have a name.
func noteNamesakes(env *environment, what, name string, n int) {
	if n > 1 {
		fmt.Fprintf(env.errOut, "note: %d %s have the name %q; commands take this one by its id only\n", n, what, name)
	}
}

type apiKeysListCmd struct {
	stateFlags
	formatFlag
	Account string `placeholder:"NAME" help:"Only those of this account, by name or id."`
	Text    string `placeholder:"TEXT" help:"Only those with this in the name or the id."`
	Prefix  string `placeholder:"TEXT" help:"Only those that begin like this."`
}

// Run prints a table.
func (c *apiKeysListCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		account, err := accountID(env, s, c.Account)
		if err != nil {
			return err
		}
		list, err := all(func(p store.Page) ([]store.APIKey, string, error) {
			return s.APIKeys(env.ctx, store.KeyFilter{Account: account, Text: c.Text, Prefix: c.Prefix, Page: p})
		})
		if err != nil {
			return err
		}
		holders := newHolders(env, s)
		head := []string{"ID", "BEGINS", "NAME", "ACCOUNT", "STATE", "EXPIRES", "LAST USED", "LIMITS"}
		return printList(env, c.formatFlag, list, "API keys", head, func(k store.APIKey) []string {
			return []string{k.ID, k.Prefix, k.Name, k.Account, holders.state(k.Account, k.User, k.Disabled, k.Expires), timeText(k.Expires), timeText(k.LastUsed), limitText(k.Limits)}
		})
	})
}

func printAPIKey(env *environment, s *store.Store, f formatFlag, k store.APIKey) error {
	holders := newHolders(env, s)
	return f.print(env, admin.Shape(k), func(w io.Writer) {
		fmt.Fprintf(w, "id\t%s\nbegins\t%s\nname\t%s\naccount\t%s\nuser\t%s\nstate\t%s\ncreated\t%s\nexpires\t%s\nlast used\t%s\nlimits\t%s\n",
			k.ID, k.Prefix, k.Name, k.Account, or(k.User, "-"), holders.state(k.Account, k.User, k.Disabled, k.Expires), timeText(k.Created), timeText(k.Expires), timeText(k.LastUsed), limitText(k.Limits))
		fmt.Fprintf(w, "models\t%s\noperations\t%s\norigins\t%s\n", or(strings.Join(k.Models, ", "), "all"), or(strings.Join(k.Operations, ", "), "all"), or(strings.Join(k.Origins, ", "), "all"))
	})
}

type apiKeysShowCmd struct {
	stateFlags
	formatFlag
	apiKeyArg
}

// Run prints everything but the key.
func (c *apiKeysShowCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		k, err := c.find(env, s)
		if err != nil {
			return err
		}
		return printAPIKey(env, s, c.formatFlag, k)
	})
}

// changed applies a change to an API key and prints it.
func (a apiKeyArg) changed(env *environment, f *stateFlags, format formatFlag, change func(*store.APIKey) error) error {
	return f.with(env, func(s *store.Store, by store.Actor) error {
		k, err := a.find(env, s)
		if err != nil {
			return err
		}
		if k, err = s.UpdateAPIKey(env.ctx, by, k.ID, change); err != nil {
			return err
		}
		return printAPIKey(env, s, format, k)
	})
}

type apiKeysDisableCmd struct {
	stateFlags
	formatFlag
	apiKeyArg
}

// Run disables the key.
func (c *apiKeysDisableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.APIKey) error { k.Disabled = true; return nil })
}

type apiKeysEnableCmd struct {
	stateFlags
	formatFlag
	apiKeyArg
}

// Run enables the key.
func (c *apiKeysEnableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.APIKey) error { k.Disabled = false; return nil })
}

type apiKeysLimitsCmd struct {
	stateFlags
	formatFlag
	apiKeyArg
	limitFlags
	Expires string `placeholder:"TIME" help:"When it ends: 12h or 30d from now, 2027-01-31, or never."`
}

// Run changes what is given.
func (c *apiKeysLimitsCmd) Run(env *environment) error {
	until, err := expiry(c.Expires, time.Now())
	if err != nil {
		return err
	}
	if !c.given() && c.Expires == "" {
		return noLimits()
	}
	return c.changed(env, &c.stateFlags, c.formatFlag, func(k *store.APIKey) error {
		if c.Expires != "" {
			k.Expires = until
		}
		return c.to(&k.Limits)
	})
}

type apiKeysDeleteCmd struct {
	stateFlags
	apiKeyArg
	Yes bool `help:"Do not ask."`
}

// Run deletes the key.
func (c *apiKeysDeleteCmd) Run(env *environment) error {
	return c.with(env, func(s *store.Store, by store.Actor) error {
		k, err := c.find(env, s)
		if err != nil {
			return err
		}
		if err := confirmed(env, c.Yes, fmt.Sprintf("the API key %s (%q)", k.ID, k.Name)); err != nil {
			return err
		}
		if err := s.DeleteAPIKey(env.ctx, by, k.ID); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "deleted %s\n", k.ID)
		return nil
	})
}
