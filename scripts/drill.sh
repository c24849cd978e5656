#!/usr/bin/env bash
# Runs ten thousand streams against bin/earshot over connections that are sliced, delayed, stalled, reset and silenced at
# bytes that follow from SEED, and fails when words are missing, a stream hangs, or the server keeps anything. The package
# comment of bench/drill says what must hold. About five minutes.
#
#   SEED=7                 another run than the last (a random one, which is printed)
#   ARGS='-streams 500'    fewer streams; -only 17 runs one of them, -at 8 makes that many at the same time
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go

scripts/build.sh
read -r -a more <<<"${ARGS:-}"
seed=${SEED:-$(((RANDOM << 15) + RANDOM))}
say "drill with SEED=$seed"
exec go test ./bench/drill -run '^TestDrill$' -count 1 -timeout 2h -v -args -earshot "$PWD/bin/earshot" -streams 10000 -seed "$seed" "${more[@]}"
