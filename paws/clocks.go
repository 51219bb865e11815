package paws

import (
	"time"

	"example.com/linuxtcp/kernel"
)

// clocks are the two by which a cache measures: jiffies, and the seconds of the wall
// clock. What they show is worked out when one of them moves on, not at every call.
type clocks struct {
	ticks   kernel.Clock
	wall    time.Duration // what the wall clock showed at boot
	now     time.Duration
	until   time.Duration // when they have to be read again
	jiffies uint64
	second  uint32
}

// setWall sets the wall clock.
func (c *clocks) setWall(wall time.Duration) { c.wall, c.until = wall, 0 }

// read reads both.
func (c *clocks) read() {
	c.jiffies = c.ticks.Jiffies(c.now)
	c.second = c.seconds(c.now)
	tick := c.ticks.Tick()
	if time.Second%tick != 0 { // HZ 300
		tick = 1
	}
	c.until = min(c.now-c.now%tick+tick, c.now+time.Second-(c.now+c.wall)%time.Second)
}

// seconds is what the wall clock shows at a moment, as 32 bits.
func (c *clocks) seconds(now time.Duration) uint32 { return uint32((now + c.wall) / time.Second) }
