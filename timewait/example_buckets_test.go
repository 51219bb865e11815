package timewait_test

import (
	"fmt"

	"example.com/linuxtcp/timewait"
)

// How many closes a second does tcp_max_tw_buckets bear? A tuning guide says 8192; what closes beyond that has no
// TIME_WAIT, and what its peer still sends gets a RST.
func ExampleHasRoom() {
	sem := semantics("6.12")
	for _, perSecond := range []float64{130, 140} {
		entries := int(timewait.Population(&sem, 250, perSecond))
		fmt.Println(perSecond, "a second:", entries, "entries, room for one more:", timewait.HasRoom(&sem, entries, 8192))
	}
	// Output:
	// 130 a second: 7933 entries, room for one more: true
	// 140 a second: 8543 entries, room for one more: false
}
