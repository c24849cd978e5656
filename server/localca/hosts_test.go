package localca

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestParseHosts(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		hosts    []string
		dns, ips []string // beyond localhost and loopback
	}{
		{nil, nil, nil},
		{[]string{"localhost", "LOCALHOST.", "127.0.0.1", "::1", "[::1]", "::ffff:127.0.0.1", "0:0::1"}, nil, nil},
		{[]string{"stt.example.com", "STT.Example.com."}, []string{"stt.example.com"}, nil},
		{[]string{"box", "my_box.lan", "xn--bro-hoa.example", "1.de", long + ".de"}, []string{"box", "my_box.lan", "xn--bro-hoa.example", "1.de", long + ".de"}, nil},
		{[]string{"192.168.1.7", "[2001:db8::7]", "2001:DB8:0::7", "127.0.0.9"}, nil, []string{"192.168.1.7", "2001:db8::7", "127.0.0.9"}},
	} {
		got, err := parseHosts(c.hosts)
		if err != nil {
			t.Errorf("%q: %v", c.hosts, err)
			continue
		}
		if want := append([]string{"localhost"}, c.dns...); !slices.Equal(got.dns, want) {
			t.Errorf("%q: names %q; want %q", c.hosts, got.dns, want)
		}
		if want := append([]string{"127.0.0.1", "::1"}, c.ips...); fmt.Sprint(got.ips) != fmt.Sprint(want) {
			t.Errorf("%q: addresses %v; want %v", c.hosts, got.ips, want)
		}
	}
	for _, bad := range []string{"", ".", "a..b", "example.com:8443", "127.0.0.1:8443", "[::1]:8443", "*.example.com", "büro.de", "a b", "-a", "a-",
		"fe80::1%eth0", "0.0.0.0", "::", "1.2.3", "1.2.3.4.5", "256.1.1.1", "http://a", "a/b", "a\n", long + "a.de", strings.Repeat(long+".", 4) + "de"} {
		_, err := parseHosts([]string{"good", bad})
		if stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), fmt.Sprintf("%q", bad)) {
			t.Errorf("%q: %v; want an error that shows it", bad, err)
		}
	}
}

// FuzzHosts: whatever is accepted is so again in the form it has been given, and a CA can be made for it.
func FuzzHosts(f *testing.F) {
	for _, host := range []string{"localhost", "a.b", "192.168.1.7", "[2001:db8::7]", "::ffff:1.2.3.4", "fe80::1%1", "xn--a", "a_b.c-d", "*.a", "1.2.3"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		first, err := parseHosts([]string{host})
		if err != nil {
			return
		}
		normal := slices.Clone(first.dns)
		for _, ip := range first.ips {
			normal = append(normal, ip.String())
		}
		again, err := parseHosts(normal)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("%q became %v, and that %v, %v", host, first, again, err)
		}
		if len(first.dns)+len(first.ips) > 4 {
			t.Errorf("%q became %v", host, first)
		}
		for _, ip := range first.ips {
			if !slices.ContainsFunc(first.networks(), func(n *net.IPNet) bool { return n.Contains(ip) }) {
				t.Errorf("%q: %v is in none of the networks", host, ip)
			}
			if _, ok := netip.AddrFromSlice(ip); !ok {
				t.Errorf("%q: %v has %d bytes", host, ip, len(ip))
			}
		}
	})
}
