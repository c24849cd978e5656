package localca

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// names are what a certificate is for.
type names struct {
	dns []string
	ips []net.IP
}

// The names that every server has.
const localhost = "localhost"

var loopback = [...]string{"127.0.0.1", "::1"} // never changed

// parseHosts returns localhost, the two loopback addresses, and hosts, without repetitions.
func parseHosts(hosts []string) (names, error) {
	n := names{dns: []string{localhost}}
	seen := []netip.Addr{}
	for _, host := range append(loopback[:], hosts...) {
		if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
			if ip = ip.Unmap(); ip.Zone() != "" || ip.IsUnspecified() {
				return names{}, badHost(host)
			}
			if !slices.Contains(seen, ip) {
				seen, n.ips = append(seen, ip), append(n.ips, ip.AsSlice())
			}
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		if !isHostName(name) {
			return names{}, badHost(host)
		}
		if !slices.Contains(n.dns, name) {
			n.dns = append(n.dns, name)
		}
	}
	return n, nil
}

func badHost(host string) error {
	return stt.InvalidOption("hosts", host, "a host name in ASCII (xn--... for others) or an IP address that clients connect to, without a port, a wildcard or a zone")
}

// isHostName reports whether name can stand in a certificate: labels of 1 to 63 letters, digits, hyphens and underscores
// (which some networks use), in lower case. A last label of digits would be a mistyped IP address.
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	var last string
	for label := range strings.SplitSeq(name, ".") {
		odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' }
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, odd) {
			return false
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != ""
}

// networks returns what the authority is constrained to: all of loopback, and the other addresses one by one.
func (n names) networks() []*net.IPNet {
	all := []*net.IPNet{
		{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
		{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
	}
	for _, ip := range n.ips {
		bits := 8 * len(ip)
		if !ip.IsLoopback() {
			all = append(all, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
		}
	}
	return all
}
