#!/usr/bin/env bash
# Runs go vet and every test that this machine allows. Tests that miss a program or a recording skip; ARGS=-v
# shows which, and what they miss.
#
#   PKG=./wire/...       other packages than all
#   ARGS='-run X -v'     more arguments for go test
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine
report_engine "Testing with the PocketSphinx engine."

race=(-race)
if [ "$(go env CGO_ENABLED)" != 1 ] || ! command -v "$(go env CC)" >/dev/null; then
	warn "The race detector needs cgo and a C compiler: testing without it."
	race=()
fi

# A process under the race detector sleeps for a second before it ends, in case another thread is about to report something. The
# tests end some hundred processes.
export GORACE="atexit_sleep_ms=20 ${GORACE:-}"

read -r -a packages <<<"${PKG:-./...}"
read -r -a more <<<"${ARGS:-}"
go vet "${tags[@]}" "${packages[@]}"
# SQLite is C that was translated to Go: watching each of its own steps makes it several times as slow and finds nothing of ours. Only
# the translation is left out: it uses no generic code. What a package that is not watched instantiates, sync.Map's insides for
# one, the linker may give to all others, and then the detector reports races that are none.
[ "${#race[@]}" -eq 0 ] || race+=('-gcflags=modernc.org/sqlite/lib=-race=false')
go test "${race[@]}" "${tags[@]}" -timeout 10m "${more[@]}" "${packages[@]}"
