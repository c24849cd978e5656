#!/usr/bin/env bash
# Kills bin/earshot (SIGKILL) KILLS times on SQLite and as often on PostgreSQL, while clients speak over real WebSockets, and compares
# the ledger with what the clients have counted: nothing may count twice, and no more be lost than the last second, with what the machine itself
# is late. The package comment of bench/kills says more. About five seconds a kill: 200 on both take half an hour and more.
#
#   KILLS=200              how often, on each database
#   SEED=7                 another run than the last (a random one, which is printed)
#   ARGS='-streams 30'     more streams at a time; -loss 2s
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go

scripts/build.sh
read -r -a more <<<"${ARGS:-}"
seed=${SEED:-$(((RANDOM << 15) + RANDOM))}
say "${KILLS:-200} kills with SEED=$seed"
exec go test ./bench/kills -run '^TestKills$' -count 1 -timeout 6h -v -args -earshot "$PWD/bin/earshot" -kills "${KILLS:-200}" -loss 1s -seed "$seed" "${more[@]}"
