package graph_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Fakes of the parts that keep keys, tenants and the audit log. They remember what
// they were asked beside the editors.
type (
	keyFakes       struct{ *editing }
	tenantFakes    struct{ *editing }
	directoryFakes struct{ *editing }
	auditFakes     struct{ *editing }
)

// globex is another tenant than the caller's.
var globex = signalbox.Tenant{
	ID: signalbox.ID{0: 1, 15: 8}, Slug: "globex", Namespace: "globex-ns", Config: json.RawMessage(`{"secret":"of globex"}`),
	UnknownNames: signalbox.UnknownAccept, CreatedAt: moment, Revision: 7,
}

var acme = signalbox.Tenant{
	ID: tenant, Slug: "acme", Config: json.RawMessage(`{"limit":1.00}`), CreatedAt: moment,
	Limits: signalbox.Limits{Rate: 12.5, Burst: 20, Backlog: 1000, PayloadBytes: 1 << 16, Batch: 100, Page: 200, Keys: 30},
}

// note is ask for whatever tenant, which it remembers too.
func (e *editing) note(method string, args ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, asked{method, args})
	return e.refuse
}

const shownOnce = "sbx_0190000000007000800000000000000a_c2VjcmV0"

func keyID(n byte) signalbox.ID { return signalbox.ID{0x01, 0x90, 6: 0x70, 8: 0x80, 15: n} }

func (e keyFakes) key(edit signalbox.KeyEdit) signalbox.APIKey {
	return signalbox.APIKey{
		ID: keyID(10), Tenant: tenant, Name: edit.Name, Permissions: edit.Permissions, Limits: edit.Limits,
		Hash: [32]byte{0xca, 0xfe}, CreatedBy: "key 7", CreatedAt: moment, ExpiresAt: edit.ExpiresAt,
	}
}

func (e keyFakes) Create(_ context.Context, by signalbox.Principal, of signalbox.ID, edit signalbox.KeyEdit) (signalbox.APIKey, string, error) {
	err := e.note("Create", by.Actor, of, edit)
	return e.key(edit), shownOnce, err
}

func (e keyFakes) Rotate(_ context.Context, by signalbox.Principal, of, id signalbox.ID, overlap time.Duration) (signalbox.APIKey, string, error) {
	err := e.note("Rotate", by.Actor, of, id, overlap)
	return e.key(signalbox.KeyEdit{Name: "till", Permissions: signalbox.Permissions{{Action: signalbox.ActionAdmin}}}), shownOnce, err
}

func (e keyFakes) Revoke(_ context.Context, by signalbox.Principal, of, id signalbox.ID) (signalbox.APIKey, error) {
	err := e.note("Revoke", by.Actor, of, id)
	return signalbox.APIKey{ID: id, Name: "till", RevokedAt: moment}, err
}

func (e keyFakes) Key(_ context.Context, of, id signalbox.ID) (signalbox.APIKey, error) {
	err := e.note("Key", of, id)
	return e.whole(), err
}

func (e keyFakes) Keys(_ context.Context, of signalbox.ID, f signalbox.KeyFilter, page signalbox.Page) ([]signalbox.APIKey, bool, error) {
	err := e.note("Keys", of, f, page)
	return []signalbox.APIKey{e.whole(), {ID: keyID(12), Name: "", Permissions: signalbox.Permissions{{Action: signalbox.ActionAdmin}}}}, true, err
}

// whole is a key with everything in it.
func (e keyFakes) whole() signalbox.APIKey {
	k := e.key(signalbox.KeyEdit{
		Name: "till", ExpiresAt: moment.Add(48 * time.Hour), Limits: signalbox.Limits{Rate: 0.5, Page: 10},
		Permissions: signalbox.Permissions{
			{Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "order/line", Operation: "*"}}, {Action: signalbox.ActionReadEvents},
		},
	})
	k.RevokedAt, k.LastUsedAt, k.ReplacedBy = moment.Add(time.Hour), moment.Add(time.Minute), keyID(11)
	return k
}

func (e tenantFakes) Create(_ context.Context, by signalbox.Principal, slug string, edit signalbox.TenantEdit) (signalbox.Tenant, error) {
	err := e.note("CreateTenant", by.Actor, slug, edit)
	t := signalbox.Tenant{ID: signalbox.ID{15: 9}, Slug: slug, Config: edit.Config, CreatedAt: moment}
	t.Limits = t.Limits.With(edit.Limits)
	if edit.Name != nil {
		t.Name = *edit.Name
	}
	return t, err
}

func (e tenantFakes) Change(_ context.Context, by signalbox.Principal, of signalbox.ID, edit signalbox.TenantEdit) (signalbox.Tenant, error) {
	err := e.note("ChangeTenant", by.Actor, of, edit)
	t := acme
	if of == globex.ID {
		t = globex
	}
	if edit.Config != nil {
		t.Config = edit.Config
	}
	return t, err
}

func (e directoryFakes) TenantBySlug(_ context.Context, slug string) (signalbox.Tenant, error) {
	if err := e.note("TenantBySlug", slug); err != nil {
		return signalbox.Tenant{}, err
	}
	for _, t := range []signalbox.Tenant{acme, globex} {
		if t.Slug == slug {
			return t, nil
		}
	}
	return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeNotFound, "there is no such tenant")
}

func (e directoryFakes) Tenants(_ context.Context, page signalbox.Page) ([]signalbox.Tenant, bool, error) {
	return []signalbox.Tenant{acme, globex}, false, e.note("Tenants", page)
}

func (e auditFakes) Audit(_ context.Context, of signalbox.ID, f signalbox.AuditFilter, page signalbox.Page) ([]signalbox.AuditEntry, bool, error) {
	err := e.note("Audit", of, f, page)
	return []signalbox.AuditEntry{
		{
			ID: eventID(2), At: moment, Actor: "key 7", Action: signalbox.AuditChanged, Kind: signalbox.AuditTenant, Name: "acme",
			Before: json.RawMessage(`{"limits":{"rate":0.10}}`), After: json.RawMessage(`{"limits":{"rate":12345678901234567890.0}}`),
		},
		{ID: eventID(1), At: moment, Actor: "cli bob", Action: signalbox.AuditCreated, Kind: signalbox.AuditKey, Name: keyID(10).String(), After: json.RawMessage(`{}`)},
	}, true, err
}
