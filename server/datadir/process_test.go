package datadir

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// The test binary runs itself as another process; these variables say what that one is to do.
const (
	roleVariable = "EARSHOT_TEST_DATADIR_ROLE"
	pathVariable = "EARSHOT_TEST_DATADIR_PATH"
)

func TestMain(m *testing.M) {
	switch path := os.Getenv(pathVariable); os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "hold": // until standard input ends
		say(Open(path))
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "hold and have a child": // which lives on, with the standard input, when this process is killed
		say(Open(path))
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), roleVariable+"=wait")
		child.Stdin, child.Stdout = os.Stdin, os.Stdout
		if err := child.Start(); err != nil {
			fmt.Println(err)
		}
		_ = child.Wait()
	case "wait":
		fmt.Println("waiting")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "nobody": // as a user whom the folder does not belong to
		if err := syscall.Setuid(65534); err != nil {
			fmt.Println(err)
			return
		}
		say(Open(path))
	}
}

func say(_ *Dir, err error) {
	if err != nil {
		fmt.Println(stt.CodeOf(err), err)
		return
	}
	fmt.Println("open")
}

// other is another process.
type other struct {
	t      *testing.T
	cmd    *exec.Cmd
	output *bufio.Scanner
	input  io.Closer
}

func start(t *testing.T, role, path string) *other {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, pathVariable+"="+path)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { input.Close(); _ = cmd.Wait() })
	return &other{t: t, cmd: cmd, output: bufio.NewScanner(output), input: input}
}

// expect reads the next line that the process says.
func (o *other) expect(want string) {
	o.t.Helper()
	if !o.output.Scan() || !strings.Contains(o.output.Text(), want) {
		o.t.Fatalf("the other process said %q, %v; want %q", o.output.Text(), o.output.Err(), want)
	}
}

func (o *other) kill() {
	o.t.Helper()
	if err := o.cmd.Process.Kill(); err != nil {
		o.t.Fatal(err)
	}
	_, _ = o.cmd.Process.Wait()
}

func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	first := start(t, "hold", path)
	first.expect("open")
	want := fmt.Sprintf("process %d uses the data folder", first.cmd.Process.Pid)
	if _, err := Open(path); stt.CodeOf(err) != stt.Conflict || !strings.Contains(err.Error(), want) {
		t.Errorf("this process got %v; want %q", err, want)
	}
	second := start(t, "hold", path)
	second.expect("conflict open data folder: " + want)

	first.kill() // no chance to release anything
	d, err := Open(path)
	if err != nil {
		t.Fatalf("after the first was killed: %v", err)
	}
	defer d.Close()
	third := start(t, "hold", path)
	third.expect("process " + strconv.Itoa(os.Getpid()) + " uses")
}

// A process that ends without Close, but in an orderly way, lets go as well.
func TestProcessEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	first := start(t, "hold", path)
	first.expect("open")
	first.input.Close()
	if err := first.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// Programs that the server runs do not inherit the lock: one that outlives it must not keep the next server out.
func TestChildOutlivesHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	holder := start(t, "hold and have a child", path)
	holder.expect("open")
	holder.expect("waiting")
	holder.kill()
	d, err := Open(path)
	if err != nil {
		t.Fatalf("while a child of the dead holder lives: %v", err)
	}
	d.Close()
}

func TestNotWritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	if err := mkdir(path, 0o500); err != nil {
		t.Fatal(err)
	}
	const want = "that this process (user "
	if os.Geteuid() != 0 {
		if _, err := Open(path); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
		return
	}
	// The superuser may write anywhere, so somebody else tries.
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(path); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	start(t, "nobody", path).expect("invalid open data folder: expected a data folder that this process (user 65534) can write to")
}
