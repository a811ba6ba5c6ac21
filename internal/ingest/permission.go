package ingest

import (
	"github.com/signalbox/signalbox/internal/signalbox"
)

// permit is nil where the principal may send events of the input's name, or else
// FORBIDDEN (P-18). It comes before anything else that is asked of an event, so that
// who may not send an event learns nothing by sending it.
//
// Permissions are of registered names. To one who may not list types, a display name
// that stands for names beyond their permissions is a name that is not registered;
// see view.
func (s *Service) permit(p *signalbox.Principal, in *Input) error {
	typ, operation := s.cfg.Catalogue.Resolve(p.Tenant.ID, in.Type, in.Operation)
	if p.Permissions.AllowSend(typ, operation) {
		return nil
	}
	lists := p.Permissions.ListTypes()
	if !lists && p.Permissions.AllowSend(in.Type, in.Operation) {
		return nil
	}
	err := forbidden(p, in)
	if !lists || !nameable(in) {
		return err
	}
	// What is no secret is a help.
	if unknown := s.cfg.Catalogue.Known(p.Tenant.ID, in.Type, in.Operation); unknown != nil {
		known := signalbox.AsError(unknown)
		err.Message += "; " + known.Message
		err.Suggestions = known.Suggestions
	} else {
		err.Message += "; the name is registered"
	}
	return err
}

// forbidden names what is needed in the caller's own words, and says the same
// whether there is such a name or not.
func forbidden(p *signalbox.Principal, in *Input) *signalbox.Error {
	if !nameable(in) {
		return signalbox.Errorf(signalbox.CodeForbidden, "%s may not send events of such a type and operation", p.Noun())
	}
	needed := signalbox.Permission{Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: in.Type, Operation: in.Operation}}
	return signalbox.Errorf(signalbox.CodeForbidden, "%s may not send %s/%s: it needs %s", p.Noun(), in.Type, in.Operation, needed)
}

// nameable tells whether an error can repeat the input's names.
func nameable(in *Input) bool {
	return signalbox.CheckName(in.Type) == nil && signalbox.CheckName(in.Operation) == nil
}

// view is what a principal may know of the registered names: those that it may
// send, or all, which is nil.
func view(p *signalbox.Principal) func(typ, operation string) bool {
	if p.Permissions.ListTypes() {
		return nil
	}
	return p.Permissions.AllowSend
}
