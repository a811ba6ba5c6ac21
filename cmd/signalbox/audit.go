package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

type auditCmd struct {
	operatorFlags
	tenantFlag

	Kind  *string `help:"Only what was done to one kind: tenant, key, event_type or rule." enum:"tenant,key,event_type,rule" placeholder:"KIND"`
	Name  string  `help:"Only what was done to this: a rule's name, type:operation, a key's id, a tenant's slug."`
	Actor string  `help:"Only what this one did: \"key <id>\", \"oidc <subject>\", \"cli <user>\"."`
	Since span    `help:"Only what was done in this last while, e.g. 24h or 7d." placeholder:"DURATION"`
	Limit int     `help:"How many entries, newest first." default:"50"`
	JSON  bool    `help:"Print each entry as a JSON object on a line of its own, before and after in full." name:"json"`
}

func (c *auditCmd) Run(ctx context.Context, out output) error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit is how many entries to print: 1 at least, and not %d", c.Limit)
	}
	if c.Since < 0 {
		return fmt.Errorf("--since is how far to look back, e.g. 24h, and not %s", time.Duration(c.Since))
	}
	filter := signalbox.AuditFilter{Name: c.Name, Actor: c.Actor}
	if c.Kind != nil {
		filter.Kind = signalbox.AuditKind(strings.ToUpper(*c.Kind))
	}
	if c.Since > 0 {
		filter.From = time.Now().Add(-time.Duration(c.Since))
	}
	log, err := c.operator().Audit(ctx, c.Tenant, filter, c.Limit)
	if err != nil {
		return err
	}
	for i := range log.Entries {
		e := &log.Entries[i]
		if c.JSON {
			err = json.NewEncoder(out.stdout).Encode(auditJSON(e))
		} else {
			err = printEntry(out.stdout, e)
		}
		if err != nil {
			return err
		}
	}
	if log.More {
		fmt.Fprintln(out.stderr, "there are older entries: ask for more with --limit")
	}
	return nil
}

// auditJSON is an entry as a line of JSON.
func auditJSON(e *signalbox.AuditEntry) any {
	return struct {
		ID     signalbox.ID          `json:"id"`
		At     time.Time             `json:"at"`
		Actor  string                `json:"actor"`
		Action signalbox.AuditAction `json:"action"`
		Kind   signalbox.AuditKind   `json:"kind"`
		Name   string                `json:"name"`
		Before json.RawMessage       `json:"before"`
		After  json.RawMessage       `json:"after"`
	}{e.ID, e.At.UTC(), e.Actor, e.Action, e.Kind, e.Name, e.Before, e.After}
}

// printEntry writes who did what when on a line, and below it what is different.
func printEntry(w io.Writer, e *signalbox.AuditEntry) error {
	_, err := fmt.Fprintf(w, "%s  %s  %s %s %s\n", moment(e.At, ""), printable(e.Actor),
		strings.ToLower(string(e.Action)), strings.ToLower(string(e.Kind)), printable(e.Name))
	if err != nil {
		return err
	}
	before, after := members(e.Before), members(e.After)
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := before[name], after[name]
		if was == is {
			continue
		}
		change := shown(was) + " → " + shown(is)
		if e.Before == nil {
			change = shown(is)
		}
		if _, err := fmt.Fprintf(w, "    %s: %s\n", printable(name), change); err != nil {
			return err
		}
	}
	return nil
}

// members are the members of a JSON object as compact texts; none of what is none.
func members(object json.RawMessage) map[string]string {
	texts := make(map[string]string)
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil {
		return texts
	}
	for name, value := range all {
		var compact bytes.Buffer
		if json.Compact(&compact, value) == nil {
			texts[name] = compact.String()
		}
	}
	return texts
}

// shownLength is up to how many characters of a value are shown without --json.
const shownLength = 200

func shown(value string) string {
	if value == "" {
		return "none"
	}
	if runes := []rune(value); len(runes) > shownLength {
		value = string(runes[:shownLength]) + "…"
	}
	return printable(value)
}
