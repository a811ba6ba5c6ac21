package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sosodev/duration"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	maxDetails = 40 // lines of one change
	maxDetail  = 80 // characters of one value
	hidden     = "(hidden)"
)

// diffRule says what an edit has made of a rule; nil is a rule that is not there.
func diffRule(before, after *signalbox.Rule) signalbox.Change {
	c := signalbox.Change{Kind: "rule", Action: actionOf(before == nil, after == nil)}
	var old, now leaves
	if before != nil {
		c.Name, old = before.Name, leavesOfRule(before)
	}
	if after != nil {
		c.Name, now = after.Name, leavesOfRule(after)
	}
	return finish(c, differences(old, now))
}

func leavesOfRule(r *signalbox.Rule) leaves {
	var l leaves
	l.text("state", string(r.State))
	l.add("", r.RuleDefinition)
	if r.Draft != nil {
		l.add("draft", *r.Draft)
	}
	return l
}

// sameDefinition tells whether two definitions say the same, however their JSON is
// written: the store keeps a number's value, and not how it was spelled.
func sameDefinition(a, b *signalbox.RuleDefinition) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && routing.SameJSON(payload.Decode(x), payload.Decode(y))
}

// diffType says what an edit has made of an event type; before is nil for a new one.
func diffType(before, after *signalbox.EventType) signalbox.Change {
	c := signalbox.Change{Kind: "event type", Name: after.Name(), Action: actionOf(before == nil, false)}
	var old leaves
	var oldSchema *signalbox.Schema
	if before != nil {
		old, oldSchema = leavesOfType(before), before.Newest()
	}
	details := differences(old, leavesOfType(after))
	if newSchema := after.Newest(); newSchema != nil && (oldSchema == nil || oldSchema.Version != newSchema.Version) {
		var was, is leaves
		is.add("schema", newSchema.Text)
		if oldSchema != nil {
			was.add("schema", oldSchema.Text)
		}
		details = append(details, fmt.Sprintf("schema: version %d", newSchema.Version))
		details = append(details, differences(was, is)...)
	}
	return finish(c, details)
}

func leavesOfType(t *signalbox.EventType) leaves {
	var l leaves
	l.text("displayName", t.DisplayName)
	l.text("description", t.Description)
	l.text("policy", string(t.Policy))
	l.text("compatibility", string(t.Compatibility))
	if t.Sample != nil {
		l.add("sample", t.Sample)
	}
	return l
}

// diffTenant says what an edit has made of a tenant's settings.
func diffTenant(slug string, before, after *signalbox.TenantSettings) signalbox.Change {
	c := signalbox.Change{Kind: "tenant", Name: slug, Action: signalbox.Changed}
	return finish(c, differences(leavesOfSettings(before), leavesOfSettings(after)))
}

func leavesOfSettings(s *signalbox.TenantSettings) leaves {
	var l leaves
	if s != nil {
		l.text("unknownNames", string(s.UnknownNames))
		if s.Config != nil {
			l.add("config", s.Config)
		}
	}
	return l
}

func actionOf(isNew, isGone bool) signalbox.ChangeAction {
	switch {
	case isNew:
		return signalbox.Created
	case isGone:
		return signalbox.Deleted
	default:
		return signalbox.Changed
	}
}

// finish puts the details into a change. Where there are none, nothing has changed.
func finish(c signalbox.Change, details []string) signalbox.Change {
	if c.Action == signalbox.Changed && len(details) == 0 {
		c.Action = signalbox.Unchanged
	}
	if c.Action == signalbox.Deleted {
		return c
	}
	if more := len(details) - maxDetails; more > 0 {
		details = append(details[:maxDetails:maxDetails], fmt.Sprintf("… and %d more", more))
	}
	c.Details = details
	return c
}

// leaves are the scalars of a value, by their path, in their order.
type leaves struct {
	order  []string
	values map[string]string
	secret map[string]bool // by path; their values are compared and never shown (P-27)
}

func (l *leaves) text(path, value string) {
	if value != "" {
		l.set(path, string(payload.AppendString(nil, value)))
	}
}

func (l *leaves) set(path, value string) {
	if l.values == nil {
		l.values = make(map[string]string)
	}
	l.order = append(l.order, path)
	l.values[path] = value
}

// add takes in everything that has a JSON form.
func (l *leaves) add(path string, value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return
	}
	l.walk(path, text.Bytes(), false)
}

// walk goes down to the scalars. What a secret's name has below it is one too.
func (l *leaves) walk(path string, raw []byte, secret bool) {
	raw = bytes.TrimSpace(raw)
	empty := true
	switch raw[0] {
	case '{':
		for key, value := range payload.Members(raw) {
			empty = false
			below := key
			if path != "" {
				below = path + "." + key
			}
			l.walk(below, value, secret || signalbox.SensitiveName(key))
		}
	case '[':
		i := 0
		for value := range payload.Elements(raw) {
			empty = false
			l.walk(path+"["+strconv.Itoa(i)+"]", value, secret)
			i++
		}
	}
	if !empty {
		return
	}
	l.set(path, string(raw))
	if secret {
		if l.secret == nil {
			l.secret = make(map[string]bool)
		}
		l.secret[path] = true
	}
}

// differences lists what differs, a line each.
func differences(old, now leaves) []string {
	var lines []string
	line := func(path string) {
		lines = append(lines, fmt.Sprintf("%s: %s → %s", path, old.show(path), now.show(path)))
	}
	for _, path := range now.order {
		if was, there := old.values[path]; !there || was != now.values[path] {
			line(path)
		}
	}
	for _, path := range old.order {
		if _, there := now.values[path]; !there && !now.below(path) {
			line(path)
		}
	}
	return lines
}

// below tells whether there is anything within path: {} is then no longer a leaf.
func (l *leaves) below(path string) bool {
	return slices.ContainsFunc(l.order, func(other string) bool {
		rest, within := strings.CutPrefix(other, path)
		return within && (rest[0] == '.' || rest[0] == '[')
	})
}

// show shortens a value, and writes a duration as its author does.
func (l *leaves) show(path string) string {
	value, there := l.values[path]
	switch {
	case !there:
		return "none"
	case l.secret[path]:
		return hidden
	}
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch name {
	case "executionTimeout", "runTimeout", "taskTimeout", "initialInterval", "maximumInterval":
		if ns, err := strconv.ParseInt(value, 10, 64); err == nil {
			return duration.Format(time.Duration(ns))
		}
	}
	if runes := []rune(value); len(runes) > maxDetail {
		return string(runes[:maxDetail]) + "…"
	}
	return value
}
