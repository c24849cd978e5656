#!/usr/bin/env bash
# Shows Earshot at work: starts a server on a free port of this machine, streams a recording of real speech to it at the
# pace of speech, as a microphone would, shows the words as they come, and cleans up. It needs bin/earshot.
#
#   AUDIO=talk.wav scripts/demo.sh   another recording than the sentences of the Debian package
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

recordings=/usr/share/pocketsphinx/test/data/librivox
start_seconds=60 # the model is read from disk the first time
stop_seconds=15

[ -x bin/earshot ] || die "bin/earshot is not there yet: make build"

# The clips, and what is said in them where that is known.
if [ -n "${AUDIO:-}" ]; then
	[ -r "$AUDIO" ] || die "AUDIO=$AUDIO cannot be read."
	clips=("$AUDIO")
else
	clips=("$recordings"/*-0920.wav "$recordings"/*-0880.wav)
	[ -r "${clips[0]}" ] || die "The recordings of the Debian package pocketsphinx-testdata are not installed." \
		"Install them (make deps), or bring your own: make demo AUDIO=talk.wav"
fi

# said prints the sentence of a clip from the package's list, which has one "a" too many in one of them.
said() {
	local id
	id=$(basename "$1" .wav)
	sed -n -e "s/ more a amiable / more amiable /; s/^<s> \(.*\) <\/s> ($id)\$/\1/p" "$(dirname "$1")/transcription" 2>/dev/null || true
}

scratch=$(mktemp -d)
log=$scratch/server.log
server='' # its process while it runs
finished=no

stop_server() {
	[ -n "$server" ] || return 0
	local pid=$server status=0
	server=''
	kill -TERM "$pid" 2>/dev/null || true
	for ((i = 0; i < stop_seconds * 10; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	if kill -0 "$pid" 2>/dev/null; then
		kill -KILL "$pid"
		warn "The server did not end within $stop_seconds s of being asked to; it was killed."
	fi
	wait "$pid" || status=$?
	return "$status"
}

leave() {
	local status=$?
	trap - EXIT
	trap '' INT TERM # a second Ctrl-C must not leave the server behind
	stop_server || { [ "$finished" = no ] || status=1; }
	if [ "$status" -ne 0 ] && [ "$status" -ne 130 ] && [ -s "$log" ]; then
		warn "" "The demo has failed. The server's last words:"
		grep -v '^administrator token' "$log" | tail -n 25 | sed 's/^/  | /' >&2
	fi
	rm -rf "$scratch"
	exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Starting a server with a fresh data folder ..."
bin/earshot serve --listen 127.0.0.1:0 --tls-listen "" --data "$scratch/data" >"$log" 2>&1 &
server=$!
url=''
for ((i = 0; i < start_seconds * 10; i++)); do
	url=$(sed -n 's|^earshot is ready: http://||p' "$log" | head -n 1)
	[ -z "$url" ] || break
	kill -0 "$server" 2>/dev/null || die "The server ended before it was ready."
	sleep 0.1
done
[ -n "$url" ] || die "The server was not ready within $start_seconds s."
say "It listens on http://$url and speaks Amazon Transcribe's streaming protocol."

# transcribe calls the client with the credentials that the server made at its first start, and with no others that
# this shell may have.
transcribe() {
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_PROFILE \
		AWS_SHARED_CREDENTIALS_FILE="$scratch/data/credentials" AWS_CONFIG_FILE=/dev/null \
		bin/earshot transcribe --url "ws://$url" --realtime "$@"
}

# On a terminal the text that may still change is rewritten in place; elsewhere it gets lines of its own.
partials=auto
[ -t 2 ] || partials=always

for clip in "${clips[@]}"; do
	say "" "--- $(basename "$clip")"
	transcribe --partials "$partials" "$clip" || die "The transcription has failed."
	truth=$(said "$clip")
	[ -z "$truth" ] || say "What was really said:" "  $truth"
done

finished=yes
stop_server || die "The server did not end cleanly."

cat <<'NEXT'

What to try next:
  make demo AUDIO=talk.wav    a recording of your own
  bin/earshot serve           the server, for good; it prints a link to a page to speak to, and where its credentials are
  bin/earshot presign --help  a signed URL for a browser
  bin/earshot doctor          what this machine can do and what is missing
NEXT
