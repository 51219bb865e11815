package kernel

// debianPatch returns the lowest and highest stable patch level that Debian
// shipped under an ABI number, or the whole range where that is not known.
func debianPatch(s series, abi string) (lo, hi uint16) {
	return 0, unknownPatch
}
