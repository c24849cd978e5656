// A module of its own, because the Go module proxy does not have the SDK's service/transcribestreaming. Debian's package
// golang-github-aws-aws-sdk-go-v2-dev has it, as part of one module of all of the SDK; nobody else needs that package.
module github.com/earshot-stt/earshot/e2e/gov2

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.17.1
	github.com/aws/smithy-go v1.13.4
	github.com/earshot-stt/earshot/e2e v0.0.0
)

replace (
	github.com/aws/aws-sdk-go-v2 => /usr/share/gocode/src/github.com/aws/aws-sdk-go-v2
	github.com/earshot-stt/earshot/e2e => ..
)
