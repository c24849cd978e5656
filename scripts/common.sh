# shellcheck shell=bash
# What the other scripts share. It is sourced, not run: it goes to the root of the checkout, turns strict mode on, and
# changes nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$@"; }
warn() { printf '%s\n' "$@" >&2; }
die() {
	warn "$@"
	exit 1
}

# need_go puts a Go toolchain that is new enough first on PATH: $GO, the one on PATH, or /usr/local/go. Distributions
# ship older ones than go.mod asks for; from 1.21 on they fetch the right one by themselves, so those do as well.
need_go() {
	local required candidate version floor
	required=$(awk '$1 == "go" { print $2; exit }' go.mod)
	for floor in "$required" 1.21; do
		for candidate in "${GO:-}" "$(command -v go || true)" /usr/local/go/bin/go; do
			[ -x "$candidate" ] || continue
			version=$(cd / && GOTOOLCHAIN=local "$candidate" version | awk '{ sub(/^go/, "", $3); print $3 }') || continue
			if printf '%s\n' "$floor" "$version" | sort -VC; then
				PATH="$(dirname "$candidate"):$PATH"
				export PATH
				return
			fi
		done
	done
	die "Earshot needs Go $required or newer, on PATH or in /usr/local/go (https://go.dev/dl/)." \
		"Another place is named by GO: make GO=/opt/go/bin/go build"
}

# find_engine decides whether the PocketSphinx engine can be compiled in. It sets
#   tags            the arguments for the go command: (-tags pocketsphinx) or nothing
#   engine_missing  what stands in the way, a line each
# shellcheck disable=SC2034 # the scripts that source this read them
find_engine() {
	tags=()
	engine_missing=()
	command -v "${CC:-gcc}" >/dev/null || engine_missing+=("a C compiler (Debian: gcc and libc6-dev)")
	if ! command -v pkg-config >/dev/null; then
		engine_missing+=("pkg-config (Debian: pkg-config)")
	elif ! pkg-config --exists pocketsphinx; then
		engine_missing+=("the PocketSphinx library with its headers (Debian: libpocketsphinx-dev)")
	fi
	[ "${CGO_ENABLED:-1}" = 1 ] || engine_missing+=("cgo, which CGO_ENABLED=$CGO_ENABLED turns off")
	[ "${#engine_missing[@]}" -gt 0 ] || tags=(-tags pocketsphinx)
}

# report_engine says in a few lines what find_engine found; $1 is the sentence when all is there.
report_engine() {
	if [ "${#engine_missing[@]}" -eq 0 ]; then
		say "$1"
		return
	fi
	say "The PocketSphinx engine is left out. Missing:"
	printf '  - %s\n' "${engine_missing[@]}"
	say "On Debian and Ubuntu 'make deps' installs it; everything else works without it."
}
