package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// transport is a way to reach a server.
type transport int

const (
	h2c       transport = iota // HTTP/2 without TLS, known beforehand
	h2                         // HTTP/2 over TLS, agreed upon by ALPN
	websocket                  // over TLS
)

// client is an SDK over one transport. The tests below are one for each, named so that -run finds them.
type client struct {
	program func(h *house) (folder string, command []string, missing string)
	over    transport
	reads   bool // has sentences recognised by the large model, which one client of each transport does
	browser bool // sends messages unsigned, and knows nothing of what the upgrade was answered with
}

var (
	goV1 = func(h *house) (string, []string, string) { return "", []string{h.program("gov1")}, "" }
	goV2 = func(h *house) (string, []string, string) {
		path := h.program("gov2")
		if _, err := os.Stat(path); err != nil {
			return "", nil, "the AWS SDK for Go v2 is not there: Debian's package golang-github-aws-aws-sdk-go-v2-dev has it"
		}
		return "", []string{path}, ""
	}
	js = func(file string) func(*house) (string, []string, string) {
		return func(h *house) (string, []string, string) {
			folder, err := filepath.Abs("node")
			if err != nil {
				return "", nil, err.Error()
			}
			if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
				return "", nil, "the packages of e2e/node are not installed: npm ci"
			}
			node, err := exec.LookPath("node")
			if err != nil {
				return "", nil, "Node.js is not there: Debian's package nodejs has it"
			}
			return folder, []string{node, file}, ""
		}
	}
	chromium = func(h *house) (string, []string, string) {
		if _, err := os.Stat(browser()); err != nil {
			return "", nil, "Chromium is not there: Debian's package chromium has it"
		}
		return js("chromium.mjs")(h)
	}
)

func TestGoV1H2C(t *testing.T) { judge(t, client{program: goV1, over: h2c, reads: true}) }
func TestGoV1TLS(t *testing.T) { judge(t, client{program: goV1, over: h2}) }
func TestGoV2H2C(t *testing.T) { judge(t, client{program: goV2, over: h2c}) }
func TestGoV2TLS(t *testing.T) { judge(t, client{program: goV2, over: h2}) }
func TestJSH2C(t *testing.T)   { judge(t, client{program: js("http2.mjs"), over: h2c}) }
func TestJSTLS(t *testing.T)   { judge(t, client{program: js("http2.mjs"), over: h2, reads: true}) }
func TestJSWebSocket(t *testing.T) {
	judge(t, client{program: js("websocket.mjs"), over: websocket, reads: true})
}
func TestJSChromium(t *testing.T) {
	judge(t, client{program: chromium, over: websocket, browser: true})
}

// browser is the path of Chromium.
func browser() string {
	if path := os.Getenv("E2E_CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

// endpoint is a server's address as a user of the transport writes it.
func (tr transport) endpoint(s *server) string {
	switch tr {
	case h2c:
		return "http://" + s.plain
	case h2:
		return "https://localhost:" + port(s.tls)
	default:
		return "https://" + s.name + ".localhost" // the SDK allows no port
	}
}
