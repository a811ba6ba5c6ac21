package payload

import (
	"bytes"
	"hash/maphash"
)

// fewKeys is up to how many keys comparing each with each is the faster way.
const fewKeys = 16

// span is where a key stands, without its quotes: in the text from from on, or,
// escapes undone, in checker.unescaped from ^from on. A text of millions of keys is
// why it is small.
type span struct {
	at         int32 // in the text, with its quote
	from, size int32
	tag        uint32 // differs for most keys that differ
}

func (c *checker) bytes(s span) []byte {
	if s.from < 0 {
		return c.unescaped[^s.from:][:s.size]
	}
	return c.raw[s.from:][:s.size]
}

// span is the key that stands between two offsets and has been found good.
func (c *checker) span(from, to int, escaped bool) span {
	at, key := from, c.raw[from:to]
	if escaped {
		at = len(c.unescaped)
		c.unescaped, _ = appendUnescaped(c.unescaped, key)
		key = c.unescaped[at:]
		at = ^at
	}
	s := span{at: int32(from - 1), from: int32(at), size: int32(len(key))} //nolint:gosec // Check lets no text through that is larger.
	if n := len(key); n > 0 {
		s.tag = uint32(n&0xff)<<24 | uint32(key[0])<<16 | uint32(key[n/2])<<8 | uint32(key[n-1])
	}
	return s
}

// duplicate answers which of an object's keys is there already, or -1. It may leave
// the newest for later, but none when the object is closed.
func (c *checker) duplicate(l *level, keys []span, closed bool) int {
	if len(keys) > fewKeys {
		waiting := len(keys)
		if l.table != nil {
			waiting -= l.table.n
		}
		if waiting < batch && !closed {
			return -1
		}
		if l.table == nil {
			l.table = c.emptyTable()
		}
		return l.table.duplicate(c, keys)
	}
	if closed {
		return -1 // each was compared when it came
	}
	last := len(keys) - 1
	newest := keys[last]
	for i := range keys[:last] {
		if keys[i].tag == newest.tag && bytes.Equal(c.bytes(keys[i]), c.bytes(newest)) {
			return last
		}
	}
	return -1
}

// emptyTable takes a table that another object has done with, if there is one, so
// that many middling objects do not cost a table each.
func (c *checker) emptyTable() *keyTable {
	if n := len(c.spare); n > 0 {
		t := c.spare[n-1]
		c.spare = c.spare[:n-1]
		t.n, t.bits = 0, fewBits
		t.slots = empty(t.slots, 1<<fewBits)
		return t
	}
	return &keyTable{seed: maphash.MakeSeed(), bits: fewBits, slots: make([]uint64, 1<<fewBits)}
}

// keyTable finds a key among many: a hash table with open addressing. The seed is
// drawn at random, so that nobody can send keys that collide.
//
// A slot holds the upper half of a key's hash and the key's number, from 1, in the
// lower half; 0 is an empty slot. The uppermost bits of the hash say where the key
// belongs. So the slots are in the order of the hashes but for neighbours, and a
// table that grows is read and written from front to back: with a million keys it
// is cache misses that cost.
type keyTable struct {
	seed  maphash.Seed
	slots []uint64 // 2^bits, at most half of them full
	bits  int
	n     int      // the keys in it
	old   []uint64 // the slots before it grew last, for when it grows again
	warm  uint64   // of no meaning; without it the slots would not be read ahead
}

const (
	fewBits = 6  // of a new table
	batch   = 64 // how many keys are put in at a time
)

// duplicate puts in the keys that are not in the table yet. It answers which of them
// is there already, or -1.
func (t *keyTable) duplicate(c *checker, keys []span) int {
	for t.n < len(keys) {
		n := min(batch, len(keys)-t.n)
		for 2*(t.n+n) > len(t.slots) {
			t.grow()
		}
		var hashes [batch]uint64
		for i := range n {
			hashes[i] = maphash.Bytes(t.seed, c.bytes(keys[t.n+i]))
		}
		for i := range n { // all of the batch wait for memory together
			t.warm |= t.slots[hashes[i]>>(64-t.bits)]
		}
		for i := range n {
			if t.put(c, keys, hashes[i]) {
				return t.n
			}
		}
	}
	return -1
}

// put puts the next of the keys in; it is true where an equal one is there.
func (t *keyTable) put(c *checker, keys []span, hash uint64) bool {
	i := hash >> (64 - t.bits)
	for ; t.slots[i] != 0; i = t.after(i) {
		slot := t.slots[i]
		if slot>>32 == hash>>32 && bytes.Equal(c.bytes(keys[uint32(slot)-1]), c.bytes(keys[t.n])) {
			return true
		}
	}
	t.n++
	t.slots[i] = hash>>32<<32 | uint64(t.n) // 2^32 keys would be a text of 16 GiB
	return false
}

func (t *keyTable) grow() {
	t.bits++
	t.slots, t.old = empty(t.old, 1<<t.bits), t.slots
	for _, slot := range t.old {
		if slot == 0 {
			continue
		}
		i := slot >> (64 - t.bits)
		for t.slots[i] != 0 {
			i = t.after(i)
		}
		t.slots[i] = slot
	}
}

func (t *keyTable) after(i uint64) uint64 { return (i + 1) & uint64(len(t.slots)-1) }

// empty is n empty slots, in the same memory if that is large enough.
func empty(slots []uint64, n int) []uint64 {
	if n > cap(slots) {
		return make([]uint64, n)
	}
	slots = slots[:n]
	clear(slots)
	return slots
}
