package sigv4

import (
	"fmt"
	"slices"
)

// otherHosts has the names and ports of which a developer uses one for another: those of this machine, of the server and of
// Amazon, each with the ports of the protocol and with the one that was sent.
func (a *attempt) otherHosts() []variation {
	hosts := a.hosts[:min(8, len(a.hosts))]
	if sent := a.request.Header.Get("Host"); sent != "" {
		hosts = append([]string{sent}, hosts...)
	}
	ports := []string{"", ":8443", ":443", ":8080", ":80"}
	var names []string
	for _, host := range hosts {
		name := withoutPort(host)
		names = append(names, name)
		if port := host[len(name):]; !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	var all []string
	for _, name := range append(append(names, "localhost", "127.0.0.1", "[::1]", "0.0.0.0"), a.amazonHosts()...) {
		for _, port := range ports {
			all = append(all, name+port)
		}
	}
	return a.hostsAre(all)
}

// otherPaths has the paths of the other transport and of other operations.
func (a *attempt) otherPaths() (all []variation) {
	const suffix = "-websocket"
	for _, operation := range [...]string{"/stream-transcription", "/medical-stream-transcription", "/call-analytics-stream-transcription", "/medical-scribe-stream"} {
		for _, path := range [...]string{operation, operation + suffix} {
			if path == a.request.Path {
				continue
			}
			words := "the path %q, but the request was for %s: sign the path that is sent"
			switch a.request.Path {
			case operation:
				words += "; that is the path for HTTP/2, and the one signed for WebSocket"
			case operation + suffix:
				words += "; that is the path for WebSocket, and the one signed for HTTP/2"
			}
			all = append(all, variation{piecePath, func(a *attempt) { a.canonical.path = CanonicalPath(path) }, fmt.Sprintf(words, path, quote(a.request.Path))})
		}
	}
	return all
}
