# Earshot's commands. Each is a few lines here and a script in scripts/ that can be read and run by itself.
#
#   make demo AUDIO=talk.wav      a recording of your own
#   make test PKG=./wire/...      some packages only; ARGS='-run Frame -v' goes to go test
#   make fuzz FUZZTIME=1m         longer than ten seconds each
#   make wer SET=dir              a set of recordings with transcripts of your own
#   make drill SEED=7 ARGS='-only 17'  one stream of a drill again
#   make build GO=/opt/go/bin/go  another toolchain than the one on PATH

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The scripts read these from the environment; on the command line of make they get there by being exported.
export PREFIX AUDIO PKG ARGS FUZZTIME COUNT BENCH BENCHTIME SOAK KILLS SEED SET VERSION GO

PREFIX ?= /usr/local

.PHONY: help deps build install demo test lint fuzz bench wer soak drill kills e2e clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-7s  %s\n", $$1, $$2 }' Makefile

deps: ## install the Debian packages that are missing (as root, or with sudo)
	@scripts/deps.sh

# Without the engine's library the binary has everything else, and the script says what is missing.
build: ## build bin/earshot
	@scripts/build.sh

install: ## put bin/earshot into PREFIX/bin (/usr/local)
	@[ -x bin/earshot ] || scripts/build.sh
	install -D -m 755 bin/earshot '$(PREFIX)/bin/earshot'

# The packages are tried for and not insisted on: the build says precisely what the demo cannot do without.
demo: ## build, start a server, stream real speech to it, show the words
	@scripts/deps.sh --try demo
	@scripts/build.sh --need-engine
	@scripts/demo.sh

test: ## go vet, and every test this machine allows, under the race detector
	@scripts/deps.sh --try
	@scripts/test.sh

lint: ## gofmt, go vet, golangci-lint (built once, some minutes), shellcheck if installed
	@scripts/lint.sh

fuzz: ## every fuzz test for FUZZTIME (10s) each
	@scripts/fuzz.sh

bench: ## every benchmark, in the form that benchstat compares, and which limits are kept
	@scripts/bench.sh

wer: ## word errors, latency and cost on the recordings in SET, streamed at the pace of speech
	@scripts/deps.sh --try
	@scripts/wer.sh

soak: ## a server kept busy for SOAK (30m) with noise, speech and clients that go away
	@scripts/deps.sh --try demo
	@scripts/soak.sh

drill: ## ten thousand streams over connections that break, by the plan of SEED
	@scripts/drill.sh

kills: ## kill a busy server KILLS (200) times on each database, and compare its ledger with the clients' count
	@scripts/deps.sh --try
	@scripts/kills.sh

e2e: ## foreign SDKs, a browser and protocol judges against the server; ARGS='-run JS' for some of them
	@scripts/deps.sh --try e2e
	@scripts/e2e.sh

clean: ## remove what was built and recorded
	rm -rf bin coverage
	find . -name .git -prune -o -type f \( -name '*.test' -o -name '*.prof' -o -name '*.pprof' \) -exec rm -f {} +
