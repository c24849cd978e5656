#!/usr/bin/env bash
# Builds bin/earshot, with the PocketSphinx engine when its library is there.
#
#   scripts/build.sh                fine without the engine, and says what is missing
#   scripts/build.sh --need-engine  fails without it
#   VERSION=1.2.3 scripts/build.sh  stamps another version than git's
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

# A tarball has no git, and git refuses a checkout that belongs to somebody else: both build all the same.
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unversioned)}

say "Building bin/earshot, version $version ... (the first time takes a minute or two)"
go build -buildvcs=false "${tags[@]}" -ldflags "-X main.version=$version" -o bin/earshot ./cmd/earshot

report_engine "bin/earshot is ready, with the PocketSphinx engine $(pkg-config --modversion pocketsphinx 2>/dev/null || true)."
if [ "${#engine_missing[@]}" -gt 0 ]; then
	[ "${1:-}" != --need-engine ] || die "This needs an engine, so it ends here."
	say "bin/earshot is ready, without it."
fi
