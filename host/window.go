package host

import (
	"net/netip"

	"example.com/linuxtcp/kernel"
)

// mss is the MSS that a host announces: what the MTU of the route leaves, 1500 or loopback's 65535.
func (h *Host) mss(from, to netip.Addr) uint16 {
	switch {
	case h.isOwn(to) && from.Is6():
		return 65476
	case h.isOwn(to):
		return 65495
	case from.Is4():
		return 1460
	}
	return 1440
}

// window is the receive window that a SYN, or with the room that timestamps take a SYN-ACK, offers.
func (h *Host) window(from, to netip.Addr, timestamps bool) uint32 {
	if h.cfg.Window != 0 {
		return h.cfg.Window
	}
	mss := int(h.mss(from, to))
	if timestamps {
		mss -= 12
	}
	return kernel.InitialWindow(&h.sem, mss)
}
