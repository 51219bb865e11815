package kernel

// InitialWindow returns the receive window in bytes that a socket offers in its SYN or SYN-ACK
// (tcp_select_initial_window) with the default of net.ipv4.tcp_rmem. mss is what a segment from the
// peer can hold: the MSS that the socket itself announces, less 12 in a SYN-ACK with timestamps.
//
//	release          segments of 1460   MTU 1500, IPv4   the same with timestamps
//	to 2.6.37        4                  5840             5792
//	2.6.38 to 3.10   10                 14600            14480
//	3.11 to 4.19     20                 29200            28960
//	4.20 on          64 KiB hold 44     64240            65160
//
// Larger segments are fewer, but two at least; before 4.20 the window ends at 43690 bytes besides (tcp_rmem
// 87380), to 3.3 at 65535 (not told apart here). A SYN of connect() goes by the third column with timestamps too.
// The window stands unscaled in a SYN. An mss of 0 or less stands for 1460; a nil sem for the zero Semantics.
//
// Evidence: 64240 and 65160 observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13; before 5.10 from the
// fingerprints of p0f (4, 10 and 20 segments) and from memory of the commits, not read. RHEL 6 and 7 have windows of later releases, which builds was not read.
func InitialWindow(sem *Semantics, mss int) uint32 {
	if mss <= 0 {
		mss = 1460
	}
	segments := 0
	if sem != nil {
		segments = sem.InitialWindow
	}
	space := 1 << 16
	if segments != 0 {
		space = 43690
	}
	if space > mss {
		space -= space % mss
	}
	if segments != 0 {
		if mss > 1460 {
			segments = max(1460*segments/mss, 2)
		}
		space = min(space, segments*mss)
	}
	return uint32(min(space, 0xffff))
}
