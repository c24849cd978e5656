#!/usr/bin/env bash
# Runs the benchmarks COUNT (6) times and keeps the figures in a file that benchstat reads.
#
#   PKG=./wire/...  other packages than all
#   BENCH=Decode    only benchmarks that match
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

read -r -a packages <<<"${PKG:-./...}"
name=$(git describe --tags --always --dirty 2>/dev/null || echo unversioned)
out=bin/bench/$name.txt
mkdir -p bin/bench
go test "${tags[@]}" -run '^$' -bench "${BENCH:-.}" -benchmem -count "${COUNT:-6}" -timeout 30m "${packages[@]}" |
	# Packages without benchmarks have nothing to say.
	sed -u -e '/no test files/d' -e '/^PASS$/d' -e '/^ok  /d' | tee "$out"
say "The figures stand in $out. To compare with those of another commit:"
say "  go run golang.org/x/perf/cmd/benchstat@latest bin/bench/BEFORE.txt $out"
