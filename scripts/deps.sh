#!/usr/bin/env bash
# Installs the Debian packages that Earshot builds, runs and tests with, when they are missing. As root it asks apt
# directly, else through sudo.
#
#   scripts/deps.sh             all but those of e2e, which are large; fails when one stays missing
#   scripts/deps.sh --try       the same, but says so and succeeds: the caller can do with less
#   scripts/deps.sh --try demo  only what building and running takes
#   scripts/deps.sh --try e2e   what building and running takes, and what the clients in e2e/ do
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# The package, who needs it, and what for; docs/dependencies.md says more.
packages() {
	cat <<-'LIST'
		gcc                    demo  compiles the binding to PocketSphinx
		libc6-dev              demo  the headers for gcc
		pkg-config             demo  finds the library
		libpocketsphinx-dev    demo  the speech recognition library
		pocketsphinx-en-us     demo  the model for American English
		pocketsphinx-testdata  demo  recordings of speech, for the tests too
		sox                    test  judges the resampler and makes recordings
		espeak-ng              test  speaks sentences
		flac                   test  writes the FLAC files that are read
		sctk                   test  judges our scoring
		pocketsphinx           test  the batch decoder as yardstick
		ffmpeg                 test  decodes the files that the server itself does not (also used by the server)
		postgresql             test  the second database, in clusters of the tests' own
		chromium               e2e   a browser that opens streams
		ffmpeg                 e2e   decodes what browsers record
		awscli                 e2e   the AWS CLI, which manages vocabularies
		golang-github-aws-aws-sdk-go-v2-dev  e2e  the AWS SDK for Go v2
	LIST
	# Others than Debian's bring both in one package.
	command -v npm >/dev/null || echo 'npm e2e installs the SDK for JavaScript, and brings Node.js'
}

# give_up ends without the packages: $1 is why, missing is the list.
give_up() {
	warn "$1"
	warn "To install them: apt-get install --no-install-recommends ${missing[*]}"
	[ "$mode" = --try ] || exit 1
	warn "Going on with what is there."
	exit 0
}

# progress keeps what apt-get says that tells how far it is: totals, trouble, and every twentieth step.
progress() {
	local line steps=0
	while IFS= read -r line; do
		case $line in
		'Need to get'* | Fetched* | E:* | W:* | Err:*) say "  $line" ;;
		Get:* | 'Setting up'*) [ $((steps++ % 20)) -ne 19 ] || say "  $line" ;;
		esac
	done
}

mode=${1:-}
what=${2:-all}
missing=()

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	find_engine
	if [ "${#engine_missing[@]}" -eq 0 ]; then
		say "This is not Debian, and the PocketSphinx library is there: nothing to install."
		exit 0
	fi
	mapfile -t missing < <(packages | awk '{ print $1 }')
	give_up "This is not Debian or one of its children: install by hand what these packages hold there."
fi

while read -r package needed_by purpose; do
	case $what:$needed_by in
	all:demo | all:test | demo:demo | e2e:demo | e2e:e2e) ;;
	*) continue ;;
	esac
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] && continue
	[ "${#missing[@]}" -gt 0 ] || say "Missing Debian packages:"
	printf '  %-22s %s\n' "$package" "$purpose"
	missing+=("$package")
done < <(packages)
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || give_up "Installing needs root, and there is no sudo."
	# Without a terminal a password cannot be asked for; sudo would hang or fail in the middle.
	[ -t 0 ] || sudo -n true 2>/dev/null || give_up "Installing needs root, and sudo wants a password."
	as_root=(sudo)
fi

apt() {
	# Wait for another apt, such as the daily one, but not for ever.
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" | progress
}

say "Refreshing the package lists ..."
apt update || warn "The lists could not be refreshed; trying with those at hand."
say "Installing ${#missing[@]} packages and what they need ..."
apt install -y --no-install-recommends "${missing[@]}" || give_up "The packages could not be installed."
say "All packages are installed."
