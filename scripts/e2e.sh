#!/usr/bin/env bash
# Lets foreign clients judge bin/earshot: Amazon's SDKs for Go and JavaScript, a browser, h2spec, and raw connections.
# e2e/README.md says more. What is missing on this machine is named and left out. About two minutes.
#
#   ARGS='-run JS'      some tests only; more arguments for go test
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

scripts/build.sh
engine=''
[ "${#tags[@]}" -eq 0 ] || engine=pocketsphinx

clients=$PWD/bin/e2e
mkdir -p "$clients"
say "Building the clients ..."
(cd e2e && go build -o "$clients/gov1" ./gov1)
# The SDK for Go v2 stands where Debian's package puts it; without the package the tests say so.
rm -f "$clients/gov2"
if [ -d /usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/service/transcribestreaming ]; then
	(cd e2e/gov2 && go build -o "$clients/gov2" .)
fi

# node_modules belongs to the lock file that it was installed from: a change of the lock installs again.
if node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then
	if ! cmp -s e2e/node/package-lock.json e2e/node/node_modules/.installed-from; then
		say "Installing the packages of e2e/node ..."
		(cd e2e/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel error)
		cp e2e/node/package-lock.json e2e/node/node_modules/.installed-from
	fi
else
	warn "Without Node.js 20 or newer and npm, the clients in JavaScript are left out."
fi

chromium=$(command -v chromium || command -v chromium-browser || true)
read -r -a more <<<"${ARGS:-}"
cd e2e
go vet ./...
E2E_EARSHOT=$OLDPWD/bin/earshot E2E_ENGINE=$engine E2E_CLIENTS=$clients E2E_CHROMIUM=$chromium \
	exec go test -count 1 -parallel 10 -timeout 14m "${more[@]}"
