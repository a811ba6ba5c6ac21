package payload

import (
	"bytes"
	"hash/maphash"
	"slices"
)

const (
	fewKeys = 16 // up to how many comparing each with each is the faster way
	batch   = 64 // how many are put into the table at a time
)

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

// duplicate answers which of an object's keys is there a second time, or -1. It is
// asked when the object ends and it is known how many there are.
func (c *checker) duplicate(keys []span) int {
	if len(keys) > fewKeys {
		return c.duplicateOfMany(keys)
	}
	for n := range keys {
		for i := range keys[:n] {
			if keys[i].tag == keys[n].tag && bytes.Equal(c.bytes(keys[i]), c.bytes(keys[n])) {
				return n
			}
		}
	}
	return -1
}

// duplicateOfMany puts the keys into a hash table with open addressing. A slot holds
// the upper half of a key's hash and the key's number, from 1, in the lower half; 0
// is an empty slot. The seed is drawn at random, so that nobody can send keys that
// collide.
func (c *checker) duplicateOfMany(keys []span) int {
	size := uint64(len(keys) + len(keys)/2)
	if c.slots == nil {
		c.seed = maphash.MakeSeed()
	}
	c.slots = slices.Grow(c.slots[:0], int(size))[:size] //nolint:gosec // It was an int above.
	slots := c.slots
	clear(slots)
	for first := 0; first < len(keys); first += batch {
		some := keys[first:min(first+batch, len(keys))]
		var hashes, places [batch]uint64
		for i, key := range some {
			hashes[i] = maphash.Bytes(c.seed, c.bytes(key)) >> 32
			places[i] = hashes[i] * size >> 32
		}
		// With a million keys it is memory that costs: all of the batch wait for it
		// together.
		for i := range some {
			c.warm |= slots[places[i]]
		}
		for i, key := range some {
			place := places[i]
			for slots[place] != 0 {
				if slots[place]>>32 == hashes[i] && bytes.Equal(c.bytes(keys[slots[place]&(1<<32-1)-1]), c.bytes(key)) {
					return first + i
				}
				if place++; place == size {
					place = 0
				}
			}
			slots[place] = hashes[i]<<32 | uint64(first+i+1) // 2^32 keys would be a text of 16 GiB
		}
	}
	return -1
}
