package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// jsonFlag has a list printed for programs. The names are those of GraphQL.
type jsonFlag struct {
	JSON bool `help:"Print each as a JSON object on a line of its own." name:"json"`
}

// printJSON writes each one's object on a line of its own.
func printJSON[T any](w io.Writer, all []T, object func(*T) any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for i := range all {
		if err := encoder.Encode(object(&all[i])); err != nil {
			return err
		}
	}
	return nil
}

func keyJSON(k *signalbox.APIKey) any {
	return struct {
		ID          signalbox.ID     `json:"id"`
		Name        string           `json:"name"`
		Permissions []string         `json:"permissions"`
		Limits      signalbox.Limits `json:"limits"`
		CreatedBy   string           `json:"createdBy"`
		CreatedAt   time.Time        `json:"createdAt"`
		ExpiresAt   *time.Time       `json:"expiresAt"`
		RevokedAt   *time.Time       `json:"revokedAt"`
		LastUsedAt  *time.Time       `json:"lastUsedAt"`
		ReplacedBy  *signalbox.ID    `json:"replacedBy"`
		Valid       bool             `json:"valid"`
	}{
		k.ID, k.Name, k.Permissions.Strings(), k.Limits, k.CreatedBy, k.CreatedAt.UTC(),
		orNull(k.ExpiresAt), orNull(k.RevokedAt), orNull(k.LastUsedAt), orNullID(k.ReplacedBy), k.Valid(time.Now()),
	}
}

func tenantJSON(t *signalbox.Tenant) any {
	return struct {
		ID           signalbox.ID           `json:"id"`
		Slug         string                 `json:"slug"`
		Name         string                 `json:"name"`
		Namespace    string                 `json:"namespace"`
		UnknownNames signalbox.UnknownNames `json:"unknownNames"`
		Limits       signalbox.Limits       `json:"limits"`
		CreatedAt    time.Time              `json:"createdAt"`
	}{t.ID, t.Slug, t.Name, t.Namespace, t.UnknownNames, t.Limits, t.CreatedAt.UTC()}
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func orNullID(id signalbox.ID) *signalbox.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}
