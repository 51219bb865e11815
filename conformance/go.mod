module example.com/linuxtcp/conformance

go 1.26.0

require (
	example.com/linuxtcp v0.0.0
	golang.org/x/sys v0.49.0
	pgregory.net/rapid v1.3.0
)

replace example.com/linuxtcp => ../
