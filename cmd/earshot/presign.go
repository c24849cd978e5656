package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

type presignCmd struct {
	remote
	URL      string        `default:"ws://127.0.0.1:8080" placeholder:"ws://HOST:PORT" help:"Address of the server; empty: Amazon's own for the region. Default: ${default}."`
	Language string        `default:"en-US" help:"Language spoken. Default: ${default}."`
	Rate     int           `default:"16000" help:"Sample rate of the audio to come, 8000 to 48000 Hz. Default: ${default}."`
	Session  string        `placeholder:"UUID" help:"Session id; the server makes one otherwise."`
	Expires  time.Duration `default:"5m" help:"How long the address can be used to connect, 1s to 5m. Default: ${default}."`
}

// Run prints the address. Whoever has it can stream until it expires.
func (c *presignCmd) Run(env *environment) error {
	if c.Expires < time.Second || c.Expires > 5*time.Minute || c.Expires%time.Second != 0 {
		return stt.InvalidOption("--expires", c.Expires.String(), "whole seconds from 1s to 5m")
	}
	if c.Rate < 8000 || c.Rate > 48000 {
		return stt.InvalidOption("--rate", strconv.Itoa(c.Rate), "8000 to 48000 Hz")
	}
	if c.Session != "" && (uuid.Validate(c.Session) != nil || len(c.Session) != 36) {
		return stt.InvalidOption("--session", c.Session, "a UUID such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427")
	}
	rec, err := c.open(env, c.URL)
	if err != nil {
		return err
	}
	u, err := rec.Presign(env.ctx, stt.Config{Audio: stt.Format{Rate: c.Rate, Channels: 1}, Session: c.Session,
		Languages: stt.Languages{Tags: []string{c.Language}}}, c.Expires)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.out, u)
	return nil
}
