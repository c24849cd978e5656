package main

import (
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// consoleCmd lets somebody in to the web console: whoever may write to the data folder may administer the server.
type consoleCmd struct {
	stateFlags
	Role    string `enum:"viewer,operator,administrator" default:"administrator" help:"What the link lets do: viewer, operator or administrator. Default: ${default}."`
	Expires string `default:"15m" placeholder:"TIME" help:"How long the link is good, 1m to 24h. Default: ${default}."`
	SignOut bool   `help:"Sign everybody out and take back all links, and print none."`
}

// Run prints a link that signs in once.
func (c *consoleCmd) Run(env *environment) error {
	const least, most = time.Minute, 24 * time.Hour
	good, ok := span(c.Expires)
	if !ok || good < least || good > most {
		return stt.InvalidOption("--expires", c.Expires, "a length of time from 1m to 24h, such as 15m or 1d")
	}
	if c.SignOut {
		return c.looking(env, func(s *store.Store, by store.Actor) error {
			n, err := s.CloseConsoleSessions(env.ctx, by)
			if err == nil {
				fmt.Fprintf(env.errOut, "signed out: %d\n", n)
			}
			return err
		})
	}
	cfg, _, err := loadConfig(c.Config, c.flags())
	if err != nil {
		return err
	}
	folder, err := dataFolder(env, cfg, true)
	if err != nil {
		return err
	}
	at, running := server.ConsoleAddress(cfg, folder)
	if at == "" {
		return stt.Errorf(stt.Invalid, "the server listens nowhere: set \"listen\" or \"tls.listen\"")
	}
	return c.looking(env, func(s *store.Store, by store.Actor) error {
		_, code, err := s.CreateConsoleLink(env.ctx, by, roleFlag{c.Role}.kept(), time.Now().Add(good))
		if err != nil {
			return err
		}
		fmt.Fprintln(env.out, server.SignInURL(at, code))
		fmt.Fprintf(env.errOut, "The link signs in as %s, once, within %s.\n", c.Role, good)
		if !running || !inUse(folder) {
			fmt.Fprintln(env.errOut, "No server runs with this data folder on this machine: start \"earshot serve\" first, or put the address of yours in front.")
		}
		return nil
	})
}
