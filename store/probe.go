package store

import (
	"context"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Probed is what [Probe] has found.
type Probed struct {
	Where    string // without user or password
	Schema   int64  // the last migration that it has seen
	Newest   int64  // the last one that this program knows: the next [Open] brings it up to date
	SealedBy string // the id of the master key; empty: nothing is sealed yet
}

// Probe looks at the store at an address as [Open] would, and changes nothing: it makes nothing, and leaves tables as they are. It fails where Open
// would, and is NotFound where Open would make a store. A nil master is not compared with the one of the store.
func Probe(ctx context.Context, url string, master *Master) (p Probed, err error) {
	s := &Store{now: time.Now}
	defer func() { err = first(s.fail("look at the store", err), s.Close()) }()
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		path, err := s.atPath(rest)
		if err != nil {
			return p, err
		}
		if _, err := seek(path, true); err != nil {
			return p, err
		}
		err = s.connectSQLite(path)
		if err != nil {
			return p, err
		}
	case "postgres", "postgresql":
		if err := s.connectPostgres(ctx, url); err != nil {
			return p, err
		}
	default:
		return p, invalid("store", "expected sqlite:PATH or postgres://user:password@host/database")
	}
	p.Where = s.where
	return p, s.probe(ctx, &p, master)
}

func (s *Store) probe(ctx context.Context, p *Probed, master *Master) (err error) {
	if err := s.furnished(ctx); err != nil {
		return err
	}
	if p.Newest, err = newestMigration(); err != nil {
		return err
	}
	if err := s.reader().row(ctx, "SELECT MAX(version_id) FROM goose_db_version WHERE is_applied").Scan(&p.Schema); err != nil {
		return err
	}
	if p.Schema > p.Newest {
		return tooNew(p.Schema, p.Newest)
	}
	id, check, err := sealedWith(ctx, s.reader())
	if p.SealedBy = id; err == nil && id != "" && master != nil {
		err = master.fits(id, check)
	}
	return err
}

func tooNew(found, newest int64) error {
	return stt.Errorf(stt.Unsupported, "the database is of a newer earshot: its tables have version %d, and this program knows those up to %d; "+
		"run the newer program, or restore a backup made before it ran", found, newest)
}
