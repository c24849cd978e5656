package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

type policyCmd struct {
	Check policyCheckCmd `cmd:"" help:"Read a policy, and say what it allows and why."`
}

type policyCheckCmd struct {
	Policy   string   `required:"" placeholder:"FILE" help:"File with the policy in AWS's IAM JSON, - for standard input, or default for that of keys without one."`
	Action   string   `placeholder:"ACTION" help:"What somebody wants to do, such as transcribe:StartStreamTranscriptionWebSocket. Default: the policy is only read."`
	Resource string   `default:"*" placeholder:"ARN" help:"What the action is about. Default: ${default}, as of all streams."`
	Context  []string `sep:"none" placeholder:"KEY=VALUE" help:"Value of a condition key in the request, such as aws:SourceIp=192.0.2.7; may be repeated. The time is now unless one is given."`
}

// Run says what is decided: exit code 0 for allowed, or for a policy that can be read where nothing was asked; 1 for denied; 2 for
// a policy, or a question, that cannot be understood.
func (c *policyCheckCmd) Run(env *environment) error {
	text, err := readPolicy(env, "--policy", c.Policy)
	if err != nil {
		return err
	}
	if text == "" {
		text = auth.DefaultPolicyText
	}
	p, err := policy.Parse([]byte(text))
	if err != nil {
		return err
	}
	in, err := c.context(time.Now())
	if err != nil {
		return err
	}
	if c.Action == "" {
		fmt.Fprintf(env.out, "can be read: %s\n", p)
		return nil
	}
	if err := auth.CheckAction("--action", c.Action); err != nil {
		return err
	}
	d := p.Explain(policy.Request{Action: c.Action, Resource: c.Resource, Context: in})
	fmt.Fprintln(env.out, d)
	if !d.Allowed() {
		return errReported
	}
	return nil
}

// context returns the values of condition keys that were given.
func (c *policyCheckCmd) context(now time.Time) (policy.Context, error) {
	in, timed := policy.Context{}, false
	for _, pair := range c.Context {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || !policy.KnownKey(key) {
			return nil, stt.InvalidOption("--context", pair, "KEY=VALUE, the key one of "+strings.Join(policy.Keys(), ", "))
		}
		timed = timed || strings.EqualFold(key, policy.CurrentTime) || strings.EqualFold(key, policy.EpochTime)
		in[key] = append(in[key], value)
	}
	if !timed {
		in[policy.CurrentTime] = []string{now.UTC().Format(time.RFC3339)}
		in[policy.EpochTime] = []string{strconv.FormatInt(now.Unix(), 10)}
	}
	return in, nil
}
