#!/usr/bin/env bash
# Keeps a server with the PocketSphinx engine busy for SOAK (30m) with silence, noise, tones, speech and clients that go away
# at any moment, and fails when memory, goroutines or files have grown, when noise got text, when speech lost its words, or
# when the log has an error. docs/performance.md says more.
#
#   SOAK=3m             shorter, as continuous integration runs it
#   ARGS='-seed 7 -v'   options for bench/soak; ARGS=-help lists them
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

scripts/build.sh --need-engine
mkdir -p bin/bench
go build -o bin/bench/soak ./bench/soak
read -r -a more <<<"${ARGS:-}"
exec bin/bench/soak -for "${SOAK:-30m}" "${more[@]}"
