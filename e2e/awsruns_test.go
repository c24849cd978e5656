package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// awsRuns is the AWS CLI, unmodified, with its modules loaded once for all commands: testdata/aws_runs.py forks for each. Its methods may
// be called concurrently.
type awsRuns struct {
	cmd *exec.Cmd
	log *serverLog // what it says of itself

	mu  sync.Mutex
	in  io.WriteCloser // guarded by mu
	out *bufio.Reader  // guarded by mu
}

// awsRun is a command and how it ended.
type awsRun struct {
	Args []string          `json:"args,omitempty"`
	Env  map[string]string `json:"env,omitempty"`

	Code           int
	Stdout, Stderr string
}

// newAWSRuns starts it, for as long as the test lasts. There is none where the CLI is no program in Python.
func newAWSRuns(t *testing.T, h *house) *awsRuns {
	t.Helper()
	program, err := os.ReadFile(awsCLI())
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(program, []byte("\n"))
	interpreter := strings.TrimSpace(strings.TrimPrefix(string(head), "#!"))
	if len(head) > 100 || !bytes.HasPrefix(head, []byte("#!/")) || !strings.Contains(interpreter, "python") {
		return nil
	}
	r := &awsRuns{cmd: exec.CommandContext(h.ctx, interpreter, "testdata/aws_runs.py", awsCLI()), log: newLog()}
	r.cmd.Env, r.cmd.Stderr = h.env, r.log
	r.in, err = r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = bufio.NewReader(out)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.in.Close()
		if err := r.cmd.Wait(); err != nil {
			t.Errorf("the AWS CLI's forks ended with %v; they said:\n%s", err, r.log.tail(20))
		}
	})
	return r
}

// run runs a command, after those that others have asked for.
func (r *awsRuns) run(args, env []string) (stdout, stderr string, err error) {
	job := awsRun{Args: args, Env: map[string]string{}}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		job.Env[name] = value
	}
	line, err := json.Marshal(job)
	if err != nil {
		return "", "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		return "", "", fmt.Errorf("%w; it said:\n%s", err, r.log.tail(20))
	}
	answer, err := r.out.ReadBytes('\n')
	if err != nil {
		return "", "", fmt.Errorf("%w; it said:\n%s", err, r.log.tail(20))
	}
	var done awsRun
	if err := json.Unmarshal(answer, &done); err != nil {
		return "", "", err
	}
	if done.Code != 0 {
		err = fmt.Errorf("exit status %d", done.Code)
	}
	return done.Stdout, done.Stderr, err
}
