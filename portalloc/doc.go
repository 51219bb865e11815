// Package portalloc models how a Linux kernel gives out local TCP ports: what connect()
// picks, what bind() refuses, and how far both search.
package portalloc
