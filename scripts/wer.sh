#!/usr/bin/env bash
# Measures how well and how fast the server recognises a set of recordings, streamed to it at the pace of speech, beside the
# library's own batch decoder. docs/measuring.md says what each figure means.
#
#   SET=folder          with transcripts.tsv and recordings; without it $EARSHOT_SHARED/speech/dev
#   ARGS='-pace 4'      options for bench/wer; ARGS=-help lists them
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

read -r -a more <<<"${ARGS:-}"
need=--need-engine
for arg in "${more[@]}"; do
	case $arg in
	-engine | --engine | -engine=* | --engine=*) need='' ;; # another engine needs no library
	esac
done
# The report alone goes to standard output.
scripts/build.sh ${need:+"$need"} >&2
mkdir -p bin/bench
go build -buildvcs=false "${tags[@]}" -o bin/bench/wer ./bench/wer
exec bin/bench/wer "${more[@]}" ${SET:+"$SET"}
