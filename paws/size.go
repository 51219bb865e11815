package paws

import "time"

// MetricsSlots returns the number of buckets of tcp_metrics on a machine with that
// much memory, from 3.6 on: 16384, or 8192 below 512 MiB. The boot parameter
// tcpmhash_entries replaces it, rounded up to a power of two. A bucket holds six
// entries at most; the seventh takes the place of the one that has been unused for
// longest. 0 bytes stand for a large machine.
//
// From source.
func MetricsSlots(memoryBytes uint64) int {
	if memoryBytes != 0 && memoryBytes < 512<<20 {
		return 8192
	}
	return 16384
}

const (
	metricsDepth   = 6         // entries in a bucket of tcp_metrics
	metricsTimeout = time.Hour // TCP_METRICS_TIMEOUT
)

// PeerThreshold returns the number of hosts at which inet_peer (to 3.5) forgets hosts
// early: 65664, half of that to 32 MiB of memory, a quarter to 16 MiB, a
// sixteenth to 8 MiB. 0 bytes stand for a large machine.
//
// From source.
func PeerThreshold(memoryBytes uint64) int {
	n := 65536 + 128
	if memoryBytes == 0 {
		return n
	}
	if memoryBytes <= 32<<20 {
		n >>= 1
	}
	if memoryBytes <= 16<<20 {
		n >>= 1
	}
	if memoryBytes <= 8<<20 {
		n >>= 2
	}
	return n
}

// PeerTTL returns for how long inet_peer keeps a host that nothing uses, while it
// remembers total hosts: 600 s when nearly empty, falling in whole seconds to 120 s at
// the threshold and above. Since a stamp counts for 60 s only, no host is forgotten before its stamp
// has lapsed, as long as there are fewer hosts than the threshold.
//
// From source; 2.6.32 to 3.5.
func PeerTTL(total, threshold int) time.Duration {
	if total >= threshold {
		return 120 * time.Second
	}
	return time.Duration(600-480*total/threshold) * time.Second
}

// PeerSweep returns the pause between two runs of the timer that drops what [PeerTTL]
// lets go, to 3.0: 120 s when nearly empty, falling in whole seconds to 10 s at the
// threshold.
//
// From source.
func PeerSweep(total, threshold int) time.Duration {
	if total >= threshold {
		return 10 * time.Second
	}
	return time.Duration(120-110*total/threshold) * time.Second
}
