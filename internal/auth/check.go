package auth

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	maxKeyName     = 128 // characters
	maxPermissions = 100 // of one key
	maxNamespace   = 255 // characters; Temporal's own limit is as great or less
	// maxConfigBytes bounds a tenant's config.
	maxConfigBytes = 64 << 10
)

// mayManage is nil where the caller may manage that tenant and its keys: an operator
// any, an admin its own. To an admin, other tenants are as if there were none.
func mayManage(by *signalbox.Principal, tenant signalbox.ID) error {
	if by.Permissions.Allow(signalbox.ActionOperator) {
		return nil
	}
	if err := by.Require(signalbox.ActionAdmin); err != nil {
		return err
	}
	if by.Tenant.ID != tenant {
		return signalbox.Errorf(signalbox.CodeNotFound, "there is no such tenant")
	}
	return nil
}

// faults collects everything that is wrong with an input.
type faults []signalbox.Violation

func (f *faults) add(pointer string, err error) {
	if err != nil {
		*f = append(*f, signalbox.Violation{Pointer: pointer, Message: err.Error()})
	}
}

func checkKeyEdit(e *signalbox.KeyEdit, now time.Time) error {
	var f faults
	f.add("/name", signalbox.CheckText(e.Name, maxKeyName))
	if strings.TrimSpace(e.Name) != e.Name {
		f.add("/name", errors.New("has white space at its beginning or end"))
	}
	switch n := len(e.Permissions); {
	case n == 0:
		f.add("/permissions", errors.New("is empty: name at least one, as events:send:order/*"))
	case n > maxPermissions:
		f.add("/permissions", fmt.Errorf("has %d elements; the limit is %d: use * in names", n, maxPermissions))
	default:
		for i, p := range e.Permissions {
			read, err := signalbox.ParsePermission(p.String())
			if err == nil && read != p {
				err = fmt.Errorf("%q is not what it reads as", p)
			}
			f.add(fmt.Sprintf("/permissions/%d", i), err)
		}
	}
	f.limits(e.Limits)
	if e.Limits.Keys > 0 {
		f.add("/limits/keys", errors.New("is a tenant's limit, and no key's: leave it out"))
	}
	if !e.ExpiresAt.IsZero() && !storable(e.ExpiresAt).After(now) {
		f.add("/expiresAt", errors.New("is in the past: leave it out for a key that does not expire"))
	}
	return signalbox.InvalidInput(f)
}

// checkTenant checks an edit, and what it makes of a tenant.
func checkTenant(t *signalbox.Tenant, e *signalbox.TenantEdit) error {
	var f faults
	f.add("/slug", signalbox.CheckSlug(t.Slug))
	if e.Name != nil {
		f.add("/name", signalbox.CheckText(*e.Name, signalbox.MaxNameLength))
	}
	if e.Namespace != nil {
		f.add("/namespace", signalbox.CheckText(*e.Namespace, maxNamespace))
		if strings.TrimSpace(*e.Namespace) != *e.Namespace {
			f.add("/namespace", errors.New("has white space at its beginning or end"))
		}
	}
	if e.Config != nil {
		f.config(e.Config)
	}
	if e.UnknownNames != nil && *e.UnknownNames != signalbox.UnknownReject && *e.UnknownNames != signalbox.UnknownAccept {
		f.add("/unknownNames", errors.New("is REJECT or ACCEPT"))
	}
	f.limits(t.Limits)
	return signalbox.InvalidInput(f)
}

func (f *faults) config(raw []byte) {
	limits := payload.DefaultLimits()
	limits.MaxBytes = maxConfigBytes
	var gate *payload.Error
	switch err := payload.Check(raw, limits); {
	case errors.As(err, &gate):
		f.add("/config"+gate.Pointer, errors.New(gate.Reason))
	case !payload.IsObject(raw):
		f.add("/config", errors.New("is not an object: wrap the value in one"))
	}
}

func (f *faults) limits(l signalbox.Limits) {
	*f = append(*f, l.Check()...)
	if math.IsNaN(l.Rate) || math.IsInf(l.Rate, 0) {
		f.add("/limits/rate", errors.New("is not a finite number: leave it out where there is to be no limit"))
	}
}
