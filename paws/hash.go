package paws

import "encoding/binary"

// hash4 is by which a host falls into a bucket.
func hash4(key uint64, host uint32) uint32 { return mix(key ^ uint64(host)) }

func hash6(key uint64, host *[16]byte) uint32 {
	hi, lo := binary.BigEndian.Uint64(host[:8]), binary.BigEndian.Uint64(host[8:])
	return mix(lo ^ uint64(mix(key^hi))<<16)
}

// mix is the upper half of a 64-bit finalizer.
func mix(x uint64) uint32 {
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return uint32((x ^ x>>32) * 0xd6e8feb86659fd93 >> 32)
}
