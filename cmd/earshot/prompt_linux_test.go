package main_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal returns the two ends of a pseudo-terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	control := func(request uintptr, n *int32) {
		t.Helper()
		if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(n))); err != 0 {
			t.Fatal(err)
		}
	}
	const unlock, number = 0x40045431, 0x80045430 // TIOCSPTLCK and TIOCGPTN, ioctl_tty(2)
	var n int32
	control(unlock, &n)
	control(number, &n)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// echoes says whether a terminal shows what is typed.
func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	var state syscall.Termios
	if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&state))); err != 0 {
		t.Fatal(err)
	}
	return state.Lflag&syscall.ECHO != 0
}

// Ctrl-C at a prompt ends the command, changes nothing and leaves the terminal as it was.
func TestInterruptAtPrompt(t *testing.T) {
	w, _ := furnished(t)
	for _, c := range []struct {
		prompt string
		args   []string
	}{
		{"Password: ", []string{"users", "create", "bob", "--with-password"}},
		{"for good? [y/N] ", []string{"keys", "delete", "app"}},
	} {
		master, slave := terminal(t)
		cmd := w.command(append(c.args, "--data", "d")...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(patience, func() { cmd.Process.Kill(); master.Close() })
		read := func(until string) (all string) {
			buf := make([]byte, 1024)
			for len(all) < 1<<16 && !strings.Contains(all, until) {
				n, err := master.Read(buf)
				all += string(buf[:n])
				if err != nil {
					t.Fatalf("%v after %q; expected %q", err, all, until)
				}
			}
			return all
		}
		read(c.prompt)
		if _, err := master.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
		read("earshot: interrupted")
		if code := w.wait(cmd); code != 130 {
			t.Errorf("%q: exit code %d", c.args, code)
		}
		if !echoes(t, slave) {
			t.Errorf("%q: the terminal does not show what is typed any more", c.args)
		}
		late.Stop()
	}
	if out := w.good("users", "list", "--data", "d", "--format", "json"); strings.Contains(out, "bob") {
		t.Errorf("a user has been made: %s", out)
	}
	w.good("keys", "show", "app", "--data", "d")
}
