#!/usr/bin/env bash
# Checks form: gofmt, go vet with and without the engine, golangci-lint with the settings in .golangci.yml, and the
# scripts by shellcheck where that is installed.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

# One version for everybody: findings must not depend on when or where one looks. Raise it in a commit of its own.
lint_version=2.15.0

# find_lint sets lint to a golangci-lint of that version: the user's own, or one built once per machine under a name
# that clobbers nobody's and is found by the next checkout.
find_lint() {
	local built tmp gopath
	gopath=$(go env GOPATH)
	built=${gopath%%:*}/bin/golangci-lint-$lint_version
	for lint in "$built" "$(command -v golangci-lint || true)"; do
		if [ -x "$lint" ] && [ "$("$lint" version --short 2>/dev/null)" = "$lint_version" ]; then
			return
		fi
	done
	say "Building golangci-lint $lint_version, once: this takes some minutes ..."
	tmp=$(mktemp -d)
	GOBIN=$tmp go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$lint_version" &&
		mkdir -p "$(dirname "$built")" &&
		mv "$tmp/golangci-lint" "$built" # under its final name only when it is complete
	rm -rf "$tmp"
	[ -x "$built" ] || return 1
	lint=$built
}

# check NAME COMMAND... goes on after a failure, so that one run tells everything.
failed=0
check() {
	say "== $1"
	shift
	"$@" || failed=1
}

format() {
	local files
	files=$(gofmt -l .)
	[ -z "$files" ] && return
	warn "Not in gofmt's form ('gofmt -w .' mends it):" "$files"
	return 1
}

golangci() {
	find_lint || return
	# The tag in .golangci.yml needs the library; without it only the rest can be looked at.
	local only=()
	[ "${#tags[@]}" -gt 0 ] || only=(--build-tags '')
	"$lint" run --allow-parallel-runners "${only[@]}" ./...
}

scripts() {
	shellcheck --external-sources scripts/*.sh .ci/run
}

check gofmt format
check "go vet" go vet ./...
[ "${#tags[@]}" -eq 0 ] || check "go vet ${tags[*]}" go vet "${tags[@]}" ./...
check "golangci-lint $lint_version" golangci
if command -v shellcheck >/dev/null; then
	check shellcheck scripts
else
	say "== shellcheck is not installed: the scripts are not checked"
fi
[ "$failed" -eq 0 ] || die "lint: there are findings."
say "lint: nothing found."
