package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

type usersPasswordCmd struct {
	stateFlags
	formatFlag
	userArg
	Temporary bool `help:"Whoever signs in with it has to choose another one first."`
	Remove    bool `help:"Take the password away: the user cannot sign in to the console any more."`
}

// Run sets or removes the password. Whoever has signed in with the old one is signed out.
func (c *usersPasswordCmd) Run(env *environment) error {
	return c.with(env, func(s *store.Store, by store.Actor) error {
		u, err := c.find(env, s)
		if err != nil {
			return err
		}
		hash := ""
		if !c.Remove {
			if hash, err = newPassword(env, u.Name, c.Temporary); err != nil {
				return err
			}
		}
		u, err = s.UpdateUser(env.ctx, by, u.ID, func(u *store.User) error { u.PasswordHash = hash; return nil })
		if err != nil {
			return err
		}
		return printUser(env, c.formatFlag, u)
	})
}

type usersRoleCmd struct {
	stateFlags
	formatFlag
	userArg
	Role string `arg:"" enum:"viewer,operator,administrator" help:"viewer, operator or administrator."`
}

// Run changes the role. The user is signed out.
func (c *usersRoleCmd) Run(env *environment) error {
	kept, _ := admin.RoleIn(admin.Role(c.Role)) // one of the three
	return c.changed(env, &c.stateFlags, c.formatFlag, func(u *store.User) error { u.Role = kept; return nil })
}

// newPassword asks for a password, twice and without showing it, or reads the first line of standard input where that is no terminal. It
// is no flag because command lines are seen by others and kept by shells.
func newPassword(env *environment, name string, temporary bool) (hash string, err error) {
	in, isFile := env.in.(*os.File)
	var password string
	if isFile && term.IsTerminal(int(in.Fd())) {
		password, err = ask(env, in, "Password: ")
		if err == nil {
			if err = auth.NewPassword(name, password); err != nil {
				return "", err
			}
			var again string
			again, err = ask(env, in, "The same again: ")
			if err == nil && again != password {
				return "", stt.Errorf(stt.Invalid, "the two are not the same; nothing was changed")
			}
		}
	} else {
		password, err = heard(env, func() (string, error) { return bufio.NewReader(io.LimitReader(env.in, 4096)).ReadString('\n') })
		if errors.Is(err, io.EOF) && password != "" {
			err = nil
		}
		password = strings.TrimRight(password, "\r\n")
	}
	switch {
	case errors.Is(err, io.EOF):
		return "", stt.Errorf(stt.Invalid, "expected a password, at the terminal or as the first line of standard input; got none")
	case err != nil:
		return "", err
	}
	if err := auth.NewPassword(name, password); err != nil {
		return "", err
	}
	return auth.NewPasswords(auth.Cost{}).Hash(env.ctx, password, temporary)
}

// ask reads a line that does not show. An interrupt ends it, and leaves the terminal as it was.
func ask(env *environment, in *os.File, prompt string) (string, error) {
	was, err := term.GetState(int(in.Fd()))
	if err != nil {
		return "", err
	}
	line, err := heard(env, func() (string, error) {
		line, err := term.ReadPassword(int(in.Fd()))
		return string(line), err
	}, func() {
		silent(in, was)
		fmt.Fprint(env.errOut, prompt)
	})
	fmt.Fprintln(env.errOut)
	return line, errors.Join(err, term.Restore(int(in.Fd()), was))
}

// silent waits until the terminal does not show any more what is typed, as it was before: whoever is asked, or interrupts, does so afterwards.
func silent(in *os.File, was *term.State) {
	const tries, pause = 200, 5 * time.Millisecond // then it is one that always shows
	again := time.NewTicker(pause)
	defer again.Stop()
	for range tries {
		if now, err := term.GetState(int(in.Fd())); err != nil || !reflect.DeepEqual(now, was) {
			return
		}
		<-again.C
	}
}

// heard waits for what somebody types or pipes, but no longer than until the command is interrupted: a read cannot be. It runs
// begun while it reads.
func heard(env *environment, read func() (string, error), begun ...func()) (string, error) {
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() { // owned by the process: a read that waits ends with it at the latest
		line, err := read()
		got <- answer{line, err}
	}()
	for _, f := range begun {
		f()
	}
	select {
	case a := <-got:
		return a.line, a.err
	case <-env.ctx.Done():
		return "", env.ctx.Err()
	}
}
