package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/earshot-stt/earshot/store/storetest"
)

// cluster is the PostgreSQL of this package's tests.
var cluster storetest.Cluster

func TestMain(m *testing.M) {
	if url := os.Getenv(helperVariable); url != "" {
		if err := help(url, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(cluster.Main(m))
}

// newFile returns the address of a SQLite database that is not there yet.
func newFile(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") }

func TestSQLite(t *testing.T) { storetest.Run(t, newFile) }

func TestPostgres(t *testing.T) { storetest.Run(t, cluster.Database) }

func TestMoving(t *testing.T) {
	t.Run("SQLite to PostgreSQL", func(t *testing.T) { storetest.Moves(t, newFile, cluster.Database) })
	t.Run("PostgreSQL to SQLite", func(t *testing.T) { storetest.Moves(t, cluster.Database, newFile) })
}
