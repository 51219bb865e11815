// Package boot fetches distribution kernels, packs an initial RAM disk for
// them and runs them under an emulator.
package boot

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// A File is one entry of an initial RAM disk.
type File struct {
	Name       string
	Mode       uint32 // with the file type bits
	Data       []byte
	Major, Min uint32 // of a device node
}

// File type bits of Mode.
const (
	dirMode  = 0o040000
	regMode  = 0o100000
	charMode = 0o020000
)

// Regular is a file that everyone may read.
func Regular(name string, data []byte) File {
	return File{Name: name, Mode: regMode | 0o644, Data: data}
}

// WriteInitrd writes files as a gzipped cpio archive in the newc format,
// the one that the kernel unpacks.
func WriteInitrd(w io.Writer, files []File) error {
	z := gzip.NewWriter(w)
	var b bytes.Buffer
	entry := func(i int, f File) {
		b.Reset()
		fmt.Fprintf(&b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			i+1, f.Mode, 0, 0, 1, 0, len(f.Data), 0, 0, f.Major, f.Min, len(f.Name)+1, 0)
		b.WriteString(f.Name)
		b.WriteByte(0)
		pad(&b)
		b.Write(f.Data)
		pad(&b)
		z.Write(b.Bytes())
	}
	for i, f := range files {
		entry(i, f)
	}
	entry(len(files), File{Name: "TRAILER!!!"})
	return z.Close()
}

func pad(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}
