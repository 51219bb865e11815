package host

// An Errno is the error with which a system call fails. The zero Errno is success.
type Errno uint8

const (
	EADDRINUSE    Errno = iota + 1 // bind(), listen(): the port conflicts
	EADDRNOTAVAIL                  // connect(): no port is left, or the addresses and ports are taken
	ECONNREFUSED                   // the SYN was answered with a RST
	ECONNRESET                     // a RST came
	EPIPE                          // a RST came after the peer's FIN
	ETIMEDOUT                      // nothing came
	EINPROGRESS                    // connect(): the SYN is on its way
	EALREADY                       // connect(): it still is
	EISCONN                        // connect(): there is a connection
	ENOTCONN                       // recv(), shutdown(): there is none
	EAGAIN                         // accept(), recv(): nothing is there yet
	EINVAL                         // the call makes no sense in this state
	ECONNABORTED                   // connect(): it failed, and getsockopt(SO_ERROR) has told why
	ENOPROTOOPT                    // setsockopt(): the kernel has no such option
)

var errnoNames = [...]string{
	"success", "EADDRINUSE", "EADDRNOTAVAIL", "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT",
	"EINPROGRESS", "EALREADY", "EISCONN", "ENOTCONN", "EAGAIN", "EINVAL", "ECONNABORTED", "ENOPROTOOPT",
}

// String is the name in errno.h, and "success".
func (e Errno) String() string {
	if int(e) < len(errnoNames) {
		return errnoNames[e]
	}
	return "Errno?"
}
