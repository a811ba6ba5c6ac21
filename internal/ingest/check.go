package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// check is nil, or one error that names every fault of the input's shape (P-02,
// P-03, P-06, P-21). reached is the limit on the bytes of payload.data.
func (in *Input) check(limits payload.Limits, reached signalbox.LimitReached) error {
	var faults []signalbox.Violation
	fault := func(pointer string, err error) {
		if err != nil {
			faults = append(faults, signalbox.Violation{Pointer: pointer, Message: err.Error()})
		}
	}
	fault("/type", signalbox.CheckName(in.Type))
	fault("/operation", signalbox.CheckName(in.Operation))
	if strings.TrimSpace(in.EntityID) == "" {
		fault("/payload/id", errors.New("is blank: name the entity that the event is about"))
	} else {
		fault("/payload/id", signalbox.CheckText(in.EntityID, signalbox.MaxEntityIDLength))
	}
	fault("/source", signalbox.CheckText(in.Source, signalbox.MaxSourceLength))
	fault("/subject", signalbox.CheckText(in.Subject, signalbox.MaxSourceLength))
	fault("/idempotencyKey", checkKey(in.IdempotencyKey))
	if in.SchemaVersion < 0 {
		fault("/schemaVersion", errors.New("is negative: versions count from 1, and none means the newest"))
	}
	switch in.Wait {
	case "", WaitStarted, WaitAccepted:
	default:
		fault("/waitFor", errors.New("is STARTED or ACCEPTED"))
	}
	for _, part := range []struct {
		pointer string
		raw     json.RawMessage
		reached signalbox.LimitReached
	}{
		{"/payload/data", in.Data, reached},
		{"/metadata", in.Metadata, signalbox.LimitReached{
			Name: "metadataBytes", Value: signalbox.MaxMetadataBytes, Scope: signalbox.ScopeServer,
		}},
	} {
		found, err := checkObject(part.pointer, part.raw, limits, part.reached)
		if err != nil {
			return err
		}
		faults = append(faults, found...)
	}
	return signalbox.InvalidInput(faults)
}

// checkObject holds JSON to the limits and to being an object, null or absent. What is
// larger than the limit reached is PAYLOAD_TOO_LARGE.
func checkObject(pointer string, raw json.RawMessage, limits payload.Limits, reached signalbox.LimitReached) ([]signalbox.Violation, error) {
	if raw == nil {
		return nil, nil
	}
	limits.MaxBytes = int(reached.Value)
	var gate *payload.Error
	switch err := payload.Check(raw, limits); {
	case errors.As(err, &gate) && gate.Kind == payload.TooLarge:
		return nil, &signalbox.Error{
			Code: signalbox.CodePayloadTooLarge, Path: pointer,
			Message: fmt.Sprintf("%s has %d bytes; the limit is %d", pointer, len(raw), limits.MaxBytes),
			Limit:   &reached,
		}
	case errors.As(err, &gate):
		return []signalbox.Violation{{Pointer: pointer + gate.Pointer, Message: gate.Reason}}, nil
	case !payload.IsObject(raw) && !payload.IsNull(raw):
		return []signalbox.Violation{{Pointer: pointer, Message: "is not an object: wrap the value in one"}}, nil
	}
	return nil, nil
}

func checkKey(key string) error {
	if len(key) > signalbox.MaxIdempotencyKeyLength {
		return fmt.Errorf("is longer than %d characters", signalbox.MaxIdempotencyKeyLength)
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return errors.New("has a character in it that is not printable ASCII")
		}
	}
	return nil
}

// event is the immutable fact that the input states.
func (in *Input) event(tenant, id signalbox.ID) signalbox.Event {
	e := signalbox.Event{
		ID: id, Tenant: tenant, Type: in.Type, Operation: in.Operation, EntityID: in.EntityID, Data: in.Data,
		Source: in.Source, Subject: in.Subject, OccurredAt: in.OccurredAt, SchemaVersion: in.SchemaVersion,
	}
	if !payload.IsNull(in.Metadata) {
		e.Metadata = in.Metadata
	}
	return e
}

// fingerprint is SHA-256 over everything that the sender states of the event, so
// that the same key with another body is noticed. White space between
// JSON's tokens does not count; what the answer should wait for does not either.
func (in *Input) fingerprint() [sha256.Size]byte {
	h := sha256.New()
	part := func(b []byte, there bool) {
		var length [8]byte
		n := uint64(len(b)) + 1
		if !there {
			n = 0
		}
		binary.BigEndian.PutUint64(length[:], n)
		h.Write(length[:])
		h.Write(b)
	}
	for _, s := range []string{in.Type, in.Operation, in.EntityID, in.Source, in.Subject} {
		part([]byte(s), true)
	}
	var occurred string
	if !in.OccurredAt.IsZero() {
		occurred = in.OccurredAt.UTC().Format(time.RFC3339Nano)
	}
	part([]byte(occurred), true)
	for _, raw := range []json.RawMessage{in.Data, in.Metadata} {
		var text bytes.Buffer
		if raw != nil {
			_ = json.Compact(&text, raw) // it has passed the gate
		}
		part(text.Bytes(), raw != nil)
	}
	if in.SchemaVersion != 0 { // or keys from before there were versions would conflict
		part([]byte(strconv.Itoa(in.SchemaVersion)), true)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
