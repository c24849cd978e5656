package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// storeCmd looks after the database of accounts, keys, vocabularies and usage. All but restore work beside a running server.
type storeCmd struct {
	Backup       storeBackupCmd       `cmd:"" help:"Write everything in the store to a file, for either database."`
	Restore      storeRestoreCmd      `cmd:"" help:"Fill an empty store from a backup, all of it or nothing."`
	Check        storeCheckCmd        `cmd:"" help:"Look at everything in the store and say what is wrong."`
	RotateMaster storeRotateMasterCmd `cmd:"" name:"rotate-master" help:"Seal all secrets with a new master key."`
}

// place is where the store of a configuration is, and its master key.
type place struct{ url, keyFile string }

// place finds both without making either. The data folder is made where it is missing, unless existing says that it must be there.
func (f *stateFlags) place(env *environment, existing bool) (place, error) {
	cfg, _, err := loadConfig(f.Config, f.flags())
	if err != nil {
		return place{}, err
	}
	folder, err := dataFolder(env, cfg, existing)
	if err != nil {
		return place{}, err
	}
	p := place{url: cfg.Store, keyFile: cfg.MasterKeyFile}
	if p.url == "" {
		p.url = "sqlite:" + filepath.Join(folder, state.DatabaseFile)
	}
	if p.keyFile == "" {
		p.keyFile = filepath.Join(folder, state.MasterKeyFile)
	}
	return p, nil
}

type storeBackupCmd struct {
	stateFlags
	File string `arg:"" type:"path" help:"File to write, which must not be there yet; - for standard output."`
}

// Run writes a backup. The file gets its name when all of it is on the disk.
func (c *storeBackupCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) (err error) {
		var info store.BackupInfo
		if c.File == "-" {
			info, err = s.Backup(env.ctx, env.out)
			err = errors.Join(err, filled(s, info.Rows))
		} else {
			err = writeNew(c.File, func(w io.Writer) error {
				info, err = s.Backup(env.ctx, w)
				return errors.Join(err, filled(s, info.Rows))
			})
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "earshot backed up %s of %s\n", rowsText(info), s)
		if info.Master != "" {
			fmt.Fprintf(env.errOut, "The master key %s is not in the backup, and without it the secrets in the backup cannot be used: keep a copy of it elsewhere.\n", info.Master)
		}
		return nil
	})
}

// filled refuses a store with nothing in it: the one that is meant is elsewhere.
func filled(s *store.Store, rows map[string]int64) error {
	for _, n := range rows {
		if n > 0 {
			return nil
		}
	}
	return stt.Errorf(stt.NotFound, `there is nothing in %s: expected the store of a server; name it as for "earshot serve", with --data, --store or --config`, s)
}

// partial is what stands behind the name of a file in that of one that is not whole yet; digits follow.
const partial = ".partial-"

// writeNew writes a file with mode 0600 that is there as a whole or not at all, and replaces none. What it leaves when it is killed the next
// one for the same file removes.
func writeNew(path string, write func(io.Writer) error) (err error) {
	removePartial(path)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+partial+"*") // mode 0600
	if err != nil {
		return stt.InvalidOption("file", path, "a file that can be written; "+err.Error())
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // says that somebody is at it, where the file system can
	defer func() { _ = os.Remove(f.Name()) }()                      // after the link it is a second name for the same file
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return stt.InvalidOption("file", path, "a file that is not there yet")
		}
		return stt.InvalidOption("file", path, "a file that can be written; "+err.Error())
	}
	return nil
}

// removePartial removes what was not written to its end, and that nobody is at any more.
func removePartial(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // which whoever writes says better
	}
	for _, e := range entries {
		number, ours := strings.CutPrefix(e.Name(), filepath.Base(path)+partial)
		if !ours || number == "" || strings.Trim(number, "0123456789") != "" || !e.Type().IsRegular() {
			continue
		}
		left := filepath.Join(filepath.Dir(path), e.Name())
		f, err := os.OpenFile(left, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.Remove(left)
		}
		_ = f.Close()
	}
}

// rowsText says how much there is, without the tables that are empty.
func rowsText(info store.BackupInfo) string {
	var parts []string
	for _, table := range slices.Sorted(maps.Keys(info.Rows)) {
		if n := info.Rows[table]; n > 0 {
			parts = append(parts, strconv.FormatInt(n, 10)+" "+strings.ReplaceAll(table, "_", " "))
		}
	}
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

type storeRestoreCmd struct {
	stateFlags
	File             string `arg:"" type:"path" help:"Backup to read; - for standard input."`
	WithoutMasterKey bool   `help:"Restore although the master key is not at hand: secrets of access keys cannot be used until it is."`
}

// Run says what the backup needs, then restores it.
func (c *storeRestoreCmd) Run(env *environment) error {
	in := env.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return stt.InvalidOption("file", c.File, "a backup; "+err.Error())
		}
		defer f.Close()
		in = f
	}
	b, err := store.ReadBackup(in)
	if err != nil {
		return err
	}
	info := b.Info()
	fmt.Fprintf(env.errOut, "The backup was made at %s and has %s.\n", timeText(info.Created), rowsText(info))
	if info.Master != "" {
		fmt.Fprintf(env.errOut, "Its secrets need the master key %s.\n", info.Master)
	}
	p, err := c.place(env, false)
	if err != nil {
		return err
	}
	master, err := store.LoadMaster(env.getenv, p.keyFile)
	switch {
	case err == nil && !c.WithoutMasterKey:
	case c.WithoutMasterKey || info.Master == "" && stt.CodeOf(err) == stt.NotFound:
		master = nil
	case stt.CodeOf(err) == stt.NotFound:
		return &stt.Error{Code: stt.Invalid, Option: "master key", Msg: fmt.Sprintf("the master key %s is needed: give it as $%s or in the file %q, or say --without-master-key",
			info.Master, store.MasterVariable, p.keyFile)}
	default:
		return err
	}
	if err := b.Restore(env.ctx, p.url, commandLine(), store.Options{Master: master}); err != nil {
		return err
	}
	fmt.Fprintf(env.errOut, "earshot restored %s\n", rowsText(info))
	return nil
}

type storeCheckCmd struct {
	stateFlags
	formatFlag
}

// Run prints what is wrong; that is a failure.
func (c *storeCheckCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		report, err := s.Check(env.ctx)
		if err != nil {
			return err
		}
		if err := filled(s, report.Rows); err != nil && len(report.Findings) == 0 {
			return err
		}
		if err := c.unopened(env, s); err != nil {
			return err
		}
		err = c.print(env, report, func(w io.Writer) {
			for _, finding := range report.Findings {
				fmt.Fprintln(w, finding)
			}
			if len(report.Findings) == 0 {
				fmt.Fprintf(w, "%s is sound: %s\n", s, rowsText(store.BackupInfo{Rows: report.Rows}))
			}
		})
		if err == nil && len(report.Findings) > 0 {
			err = errReported
		}
		return err
	})
}

// unopened says that secrets were not looked at where there is no master key.
func (c *storeCheckCmd) unopened(env *environment, s *store.Store) error {
	p, err := c.place(env, true)
	if err != nil {
		return err
	}
	sealed, err := s.SealedWith(env.ctx)
	if err != nil || sealed == "" {
		return err
	}
	if _, err := store.LoadMaster(env.getenv, p.keyFile); stt.CodeOf(err) == stt.NotFound {
		fmt.Fprintf(env.errOut, "The secrets were not looked at: they need the master key %s, as $%s or in %s.\n", sealed, store.MasterVariable, p.keyFile)
	}
	return nil
}
