package timewait

// Buckets hold the entries whose timers fire together, the last one in on top, as the
// kernel's lists do. An entry that leaves before its time is only forgotten: its number
// stays in the bucket until that fires, and is then known by the entry's being free or
// in another bucket. Numbers that stay so are swept out when they are the majority.

const chunkLen = 254

// A chunk is part of a bucket, 1 KiB in all.
type chunk struct {
	below *chunk
	n     int32
	idx   [chunkLen - 1]uint32
}

type bucket struct {
	top  *chunk
	live int
}

type buckets struct {
	b      []bucket
	spare  *chunk
	stored int // numbers in all buckets, forgotten ones among them
}

func (bs *buckets) push(b int, i uint32) {
	k := &bs.b[b]
	if k.top == nil || int(k.top.n) == len(k.top.idx) {
		c := bs.spare
		if c == nil {
			c = new(chunk)
		} else {
			bs.spare = c.below
		}
		c.below, c.n = k.top, 0
		k.top = c
	}
	k.top.idx[k.top.n] = i
	k.top.n++
	bs.stored++
}

// pop takes the number on top off.
func (bs *buckets) pop(b int) (uint32, bool) {
	k := &bs.b[b]
	c := k.top
	if c == nil {
		return 0, false
	}
	c.n--
	i := c.idx[c.n]
	bs.stored--
	if c.n == 0 {
		k.top = c.below
		c.below, bs.spare = bs.spare, c
	}
	return i, true
}

// enter puts entry i into bucket b.
func (t *Table) enter(b int, i uint32) {
	if t.crowd {
		t.bk.b[b].live++
		return
	}
	t.s.at(i).setBucket(b)
	t.bk.b[b].live++
	t.bk.push(b, i)
	if t.bk.stored > 2*t.s.live+4*chunkLen {
		t.sweep()
	}
}

// leave takes entry i out of its bucket.
func (t *Table) leave(i uint32) int {
	e := t.s.at(i)
	b := e.bucket()
	e.setBucket(-1)
	k := &t.bk.b[b]
	if k.live--; k.live == 0 {
		t.empty(b)
	}
	return b
}

// take pops the topmost entry that is really in bucket b, and leaves it out of there.
func (t *Table) take(b int) (uint32, bool) {
	for {
		i, ok := t.bk.pop(b)
		if !ok {
			return 0, false
		}
		if t.s.at(i).bucket() == b {
			t.leave(i)
			return i, true
		}
	}
}

// empty gives back what a bucket without entries holds.
func (t *Table) empty(b int) {
	for {
		if _, ok := t.bk.pop(b); !ok {
			return
		}
	}
}

// sweep drops the numbers that do not count. Of several of one entry the topmost
// counts.
func (t *Table) sweep() {
	for b := range t.bk.b {
		t.keep = t.keep[:0]
		for {
			i, ok := t.bk.pop(b)
			if !ok {
				break
			}
			if e := t.s.at(i); e.bucket() == b && e.window&flagMark == 0 {
				e.window |= flagMark
				t.keep = append(t.keep, i)
			}
		}
		for j := len(t.keep) - 1; j >= 0; j-- {
			t.s.at(t.keep[j]).window &^= flagMark
			t.bk.push(b, t.keep[j])
		}
	}
}
