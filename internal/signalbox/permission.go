package signalbox

import (
	"fmt"
	"slices"
	"strings"
)

// Permission lets a principal do one thing. There is none that denies: what no
// permission allows is not allowed.
//
// Its text is an action, or events:send with the names that may be sent:
// "events:send:order/*". There * stands for any run of characters, and the first
// slash ends the type; one within a type's name is written \/.
type Permission struct {
	Action Action
	// Send is which names may be sent, where Action is ActionSend; else zero.
	Send Pattern
}

// Action is what a permission is for.
type Action string

// The actions.
const (
	ActionSend       Action = "events:send"
	ActionReadEvents Action = "events:read"        // events, dispatches, types and rules, and what rules say of events
	ActionWriteTypes Action = "types:write"        // and to read types
	ActionWriteRules Action = "rules:write"        // and to read rules and types
	ActionRedrive    Action = "dispatches:redrive" // to have failed starts tried again
	ActionAdmin      Action = "tenant:admin"       // all of the above, settings, keys and the audit log
	ActionOperator   Action = "operator"           // tenants, their limits, and any tenant's keys; no tenant's data
)

// Actions lists every action, as an error names them.
func Actions() []Action {
	return []Action{ActionSend, ActionReadEvents, ActionWriteTypes, ActionWriteRules, ActionRedrive, ActionAdmin, ActionOperator}
}

// ParsePermission reads the text form. "events:send" alone is for every name.
func ParsePermission(text string) (Permission, error) {
	if names, ok := strings.CutPrefix(text, string(ActionSend)+":"); ok {
		typ, operation, ok := cutName(names)
		if !ok || typ == "" || operation == "" {
			return Permission{}, fmt.Errorf("%q names no type and operation: write events:send:order/created or events:send:order/*", text)
		}
		for _, name := range []string{typ, operation} {
			if err := CheckName(name); err != nil {
				return Permission{}, fmt.Errorf("in %q the name %q %w", text, name, err)
			}
		}
		return Permission{Action: ActionSend, Send: Pattern{Type: typ, Operation: operation}}, nil
	}
	action := Action(text)
	if !slices.Contains(Actions(), action) {
		return Permission{}, fmt.Errorf("there is no permission %q: there are events:send:<type>/<operation>, events:read, types:write, rules:write, dispatches:redrive, tenant:admin and operator", text)
	}
	p := Permission{Action: action}
	if action == ActionSend {
		p.Send = Pattern{Type: "*", Operation: "*"}
	}
	return p, nil
}

// cutName splits at the first slash that has no backslash before it.
func cutName(s string) (typ, operation string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '/' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '/':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

var escapeName = strings.NewReplacer(`\`, `\\`, "/", `\/`)

// String is the text form.
func (p Permission) String() string {
	if p.Action != ActionSend {
		return string(p.Action)
	}
	return string(ActionSend) + ":" + escapeName.Replace(p.Send.Type) + "/" + p.Send.Operation
}

// MarshalText is String.
func (p Permission) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePermission.
func (p *Permission) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePermission(string(text))
	return err
}

// Permissions are what one principal may do.
type Permissions []Permission

// ParsePermissions reads a list of texts.
func ParsePermissions(texts []string) (Permissions, error) {
	all := make(Permissions, 0, len(texts))
	for _, text := range texts {
		p, err := ParsePermission(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Strings is the list in its text form.
func (ps Permissions) Strings() []string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return texts
}

// Allow tells whether any permission is for the action, or is tenant:admin, which
// has every action within its tenant. For ActionSend that is no more than that
// something may be sent; see AllowSend.
func (ps Permissions) Allow(action Action) bool {
	for i := range ps {
		if ps[i].Action == action || ps[i].Action == ActionAdmin && action != ActionOperator {
			return true
		}
	}
	return false
}

// AllowSend tells whether events of that name may be sent.
func (ps Permissions) AllowSend(typ, operation string) bool {
	for i := range ps {
		switch ps[i].Action {
		case ActionAdmin:
			return true
		case ActionSend:
			if ps[i].Send.Fits(typ, operation) {
				return true
			}
		default:
		}
	}
	return false
}

// ListTypes tells whether the names of registered types are no secret to who has
// these.
func (ps Permissions) ListTypes() bool {
	return ps.Allow(ActionReadEvents) || ps.Allow(ActionWriteTypes) || ps.Allow(ActionWriteRules)
}

// Cover is nil where whoever has ps may hand on all of wanted, or says what it may
// not. tenant:admin hands on anything but operator, operator anything; nobody else
// hands on keys.
func (ps Permissions) Cover(wanted Permissions) error {
	for _, w := range wanted {
		switch {
		case ps.Allow(ActionOperator), ps.Allow(ActionAdmin) && w.Action != ActionOperator:
		default:
			return Errorf(CodeForbidden, "you may not hand on the permission %s", w)
		}
	}
	return nil
}
