package graph

import (
	"strconv"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// maxPermissionBytes is more than any permission has: two names, escaped.
const maxPermissionBytes = 32 + 8*signalbox.MaxNameLength

func keyOf(k *signalbox.APIKey) model.APIKey {
	out := model.APIKey{
		ID: k.ID.String(), Name: k.Name, Permissions: k.Permissions.Strings(), Limits: limitsOf(&k.Limits), CreatedBy: k.CreatedBy,
		CreatedAt: k.CreatedAt, ExpiresAt: nonZero(k.ExpiresAt), RevokedAt: nonZero(k.RevokedAt), LastUsedAt: nonZero(k.LastUsedAt),
	}
	if !k.ReplacedBy.IsZero() {
		by := k.ReplacedBy.String()
		out.ReplacedBy = &by
	}
	return out
}

func keyFilterOf(f *model.KeyFilter) signalbox.KeyFilter {
	if f == nil {
		return signalbox.KeyFilter{}
	}
	return signalbox.KeyFilter{Valid: f.Valid}
}

func keyConnectionOf(keys []signalbox.APIKey, more bool) *model.APIKeyConnection {
	return &model.APIKeyConnection{
		Nodes: mapped(keys, keyOf), PageInfo: pageEnd(keys, more, func(k *signalbox.APIKey) *signalbox.ID { return &k.ID }),
	}
}

func keyEditOf(in *model.CreateKeyInput) (signalbox.KeyEdit, error) {
	edit := signalbox.KeyEdit{Name: in.Name, Limits: signalbox.Limits{}.With(limitsIn(in.Limits)), ExpiresAt: orZero(in.ExpiresAt)}
	if len(in.Permissions) > maxChoices {
		return edit, invalid("permissions has too many elements: the limit is %d", maxChoices)
	}
	var faults []signalbox.Violation
	for i, text := range in.Permissions {
		at := "/permissions/" + strconv.Itoa(i)
		if len(text) > maxPermissionBytes {
			faults = append(faults, signalbox.Violation{Pointer: at, Message: "is longer than any permission"})
			continue
		}
		p, err := signalbox.ParsePermission(text)
		if err != nil {
			faults = append(faults, signalbox.Violation{Pointer: at, Message: "is none: " + err.Error()})
		}
		edit.Permissions = append(edit.Permissions, p)
	}
	if in.ExpiresAt != nil && in.ExpiresAt.IsZero() {
		// Go's zero time, of a client that forgot to set it. To us it would mean never.
		faults = append(faults, signalbox.Violation{Pointer: "/expiresAt", Message: "is in the past: leave it out for a key that does not expire"})
	}
	return edit, signalbox.InvalidInput(faults)
}

func createdOf(k *signalbox.APIKey, secret string) *model.CreatedKey {
	key := keyOf(k)
	return &model.CreatedKey{Key: &key, Secret: secret}
}
