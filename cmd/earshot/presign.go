package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

type presignCmd struct {
	remote
	URL      string `default:"ws://127.0.0.1:8080" placeholder:"ws://HOST:PORT" help:"Address of the server; empty: Amazon's own for the region. Default: ${default}."`
	Language string `default:"en-US" help:"Language spoken. Default: ${default}."`
	Rate     int    `default:"16000" help:"Sample rate of the audio to come, 8000 to 48000 Hz. Default: ${default}."`
	Encoding string `default:"pcm" enum:"pcm,flac,ogg-opus,g711-alaw,g711-ulaw" help:"Encoding of the audio to come: pcm, flac, ogg-opus, g711-alaw or g711-ulaw. Default: ${default}."`
	Channels int    `default:"1" help:"2: two channels, each transcribed on its own. Default: ${default}."`
	medical
	Resume  time.Duration `placeholder:"5m" help:"How long the session may be taken up again with the same --session, 1m to 300m, whole minutes. Default: not at all."`
	Session string        `placeholder:"UUID" help:"Session id; the server makes one otherwise."`
	Expires time.Duration `default:"5m" help:"How long the address can be used to connect, 1s to 5m. Default: ${default}."`
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
	more, err := c.parameters()
	if err != nil {
		return err
	}
	special, err := c.medical.config()
	if err != nil {
		return err
	}
	rec, err := c.open(env, c.URL)
	if err != nil {
		return err
	}
	u, err := rec.PresignWith(env.ctx, stt.Config{Audio: stt.Format{Rate: c.Rate, Channels: 1}, Session: c.Session, Medical: special,
		Languages: stt.Languages{Tags: []string{c.Language}}}, more, c.Expires)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.out, u)
	return nil
}

// parameters returns the parameters of the protocol that package stt has no words for, by their names.
func (c *presignCmd) parameters() (map[string]string, error) {
	more := map[string]string{}
	switch c.Channels {
	case 1:
	case 2:
		more["enable-channel-identification"], more["number-of-channels"] = "true", "2"
	default:
		return nil, stt.InvalidOption("--channels", strconv.Itoa(c.Channels), "1 or 2")
	}
	if c.Encoding != "pcm" {
		more["media-encoding"] = c.Encoding
	}
	if c.Resume != 0 {
		if c.Resume < time.Minute || c.Resume > 300*time.Minute || c.Resume%time.Minute != 0 {
			return nil, stt.InvalidOption("--resume", c.Resume.String(), "whole minutes from 1m to 300m")
		}
		if c.Session == "" {
			return nil, stt.InvalidOption("--resume", c.Resume.String(), "--session with the id to come back with beside it")
		}
		more["session-resume-window"] = strconv.Itoa(int(c.Resume / time.Minute))
	}
	return more, nil
}

// medical is the options that ask for a medical stream.
type medical struct {
	Specialty string `placeholder:"NAME" help:"Ask for a medical stream, of the specialty primarycare, cardiology, neurology, oncology, radiology or urology."`
	Type      string `placeholder:"conversation|dictation" help:"With --specialty: the kind of speech. Default: conversation."`
}

// config returns what is asked for; nil: no medical stream.
func (m *medical) config() (*stt.Medical, error) {
	specialties, types := []string{"PRIMARYCARE", "CARDIOLOGY", "NEUROLOGY", "ONCOLOGY", "RADIOLOGY", "UROLOGY"}, []string{"CONVERSATION", "DICTATION"}
	specialty, kind := strings.ToUpper(m.Specialty), strings.ToUpper(m.Type)
	switch {
	case specialty == "" && kind == "":
		return nil, nil
	case !slices.Contains(specialties, specialty):
		return nil, stt.InvalidOption("--specialty", m.Specialty, "one of "+strings.ToLower(strings.Join(specialties, ", ")))
	case kind != "" && !slices.Contains(types, kind):
		return nil, stt.InvalidOption("--type", m.Type, "conversation or dictation")
	}
	return &stt.Medical{Specialty: specialty, Type: kind}, nil
}
