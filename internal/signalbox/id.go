package signalbox

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"
)

// ID is a UUID in its 16 bytes. The ids of events and dispatches are UUIDv7
// (RFC 9562, section 5.7), so that they sort by the time at which they were made.
type ID [16]byte

// errBadID is what ParseID answers; the text is for a person who sent the id.
var errBadID = errors.New("not a UUID: 36 characters such as 01890a5d-ac96-774b-bcce-b302099a8057 are expected")

// ParseID reads the 36-character form, in either case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, errBadID
	}
	var digits [32]byte
	n := copy(digits[:], s[0:8])
	n += copy(digits[n:], s[9:13])
	n += copy(digits[n:], s[14:18])
	n += copy(digits[n:], s[19:23])
	copy(digits[n:], s[24:])
	if _, err := hex.Decode(id[:], digits[:]); err != nil {
		return ID{}, errBadID
	}
	return id, nil
}

// String is the 36-character form in lower case.
func (id ID) String() string {
	return string(id.append(make([]byte, 0, 36)))
}

func (id ID) append(dst []byte) []byte {
	dst = hex.AppendEncode(dst, id[0:4])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, id[4:6])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, id[6:8])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, id[8:10])
	dst = append(dst, '-')
	return hex.AppendEncode(dst, id[10:16])
}

// MarshalText makes ids readable in JSON and logs.
func (id ID) MarshalText() ([]byte, error) { return id.append(nil), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Value lets an ID be a query argument.
func (id ID) Value() (driver.Value, error) { return id.String(), nil }

// IsZero tells whether the id has been set at all.
func (id ID) IsZero() bool { return id == ID{} }

// Time is when a UUIDv7 was made, to the millisecond, in UTC.
func (id ID) Time() time.Time {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC() //nolint:gosec // 48 bits fit.
}

// FirstID is the smallest UUIDv7 of t's millisecond: the lower bound of a range
// by time, both for queries and for partitions. Times before 1970 give zero.
func FirstID(t time.Time) ID {
	ms := max(t.UnixMilli(), 0)
	var id ID
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(ms))
	copy(id[:6], b[2:])
	return id
}

// DispatchID is the id of the one start that a rule calls for on an event. It is
// a function of the two, so that the primary key of the dispatches table alone
// makes a second dispatch for the same pair impossible. It carries the event's
// 48 bits of time, so that both fall into the same partition; its other 74 bits
// come from SHA-256 over the event's id and the rule's name.
func DispatchID(event ID, rule string) ID {
	h := sha256.New()
	h.Write(event[:])
	h.Write([]byte(rule))
	sum := h.Sum(nil)

	var id ID
	copy(id[:6], event[:6])
	copy(id[6:], sum)
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id
}
