package store

import "context"

// Imports returns what [Store.NoteImports] has been told of.
func (s *Store) Imports(ctx context.Context) (names []string, err error) {
	names, err = all(ctx, s.reader(), scanText, "SELECT name FROM imports ORDER BY name")
	return names, s.fail("imports", err)
}

// NoteImports notes that the store has taken over keys that stand in files, by names of 1 to 128 letters, digits and _-.=+@: which must not be
// secret. They stay when the keys are deleted, and in backups: so who takes keys over knows that the store has had them. What is noted already stays as it is.
func (s *Store) NoteImports(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := checkID("name", name); err != nil {
			return s.fail("note imports", err)
		}
	}
	if len(names) == 0 {
		return nil
	}
	at := micros(s.stamp())
	return s.fail("note imports", s.transact(ctx, func(c conn) error {
		return inChunks(len(names), func(from, to int) error {
			args := make([]any, 0, 2*(to-from))
			for _, name := range names[from:to] {
				args = append(args, name, at)
			}
			_, err := c.exec(ctx, "INSERT INTO imports (name, at) VALUES "+values(to-from, 2)+" ON CONFLICT (name) DO NOTHING", args...)
			return err
		})
	}))
}
