package graph

import (
	"cmp"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func eventTypeOf(t *signalbox.EventType) model.EventType {
	return model.EventType{
		Type: t.Type, Operation: t.Operation, DisplayName: nonEmpty(t.DisplayName), Description: nonEmpty(t.Description),
		Sample: t.Sample, Policy: cmp.Or(t.Policy, signalbox.PayloadReject),
		Compatibility: cmp.Or(t.Compatibility, signalbox.CompatibilityNone),
		Schemas: mapped(t.Schemas, func(s *signalbox.Schema) model.EventSchema {
			return model.EventSchema{Version: s.Version, Schema: s.Text, CreatedAt: nonZero(s.CreatedAt)}
		}),
	}
}

// typeEditOf reads an EventTypeInput; expand makes a schema of the short form.
func typeEditOf(in *model.EventTypeInput, dryRun *bool, expand func([]byte) ([]byte, error)) (signalbox.EventTypeEdit, error) {
	var faults faults
	edit := signalbox.EventTypeEdit{
		Type: signalbox.EventType{
			Type: in.Type, Operation: in.Operation, DisplayName: orZero(in.DisplayName), Description: orZero(in.Description),
			Sample: faults.object("/sample", in.Sample), Policy: unless(in.Policy, signalbox.PayloadReject),
			Compatibility: unless(in.Compatibility, signalbox.CompatibilityNone),
		},
		Schema:        faults.object("/schema", in.Schema),
		AllowBreaking: orZero(in.AllowBreaking), DryRun: orZero(dryRun),
	}
	fields := faults.object("/fields", in.Fields)
	if fields != nil && edit.Schema != nil {
		faults.add("/fields", "is the short form of a schema, and there is a schema: give one of the two")
	}
	if err := faults.err(); err != nil || fields == nil {
		return edit, err
	}
	var err error
	edit.Schema, err = expand(fields)
	return edit, err
}

func eventTypeResultOf(s *signalbox.EventTypeSaved) *model.EventTypeResult {
	typ := eventTypeOf(&s.Type)
	return &model.EventTypeResult{
		EventType: &typ, Change: changeOf(&s.Change), Warnings: mapped(s.Warnings, warningOf),
		Breaks:        mapped(s.Breaks, violationOf),
		BrokenRules:   mapped(s.BrokenRules, func(b *signalbox.BrokenRule) model.BrokenRule { return model.BrokenRule(*b) }),
		SampledEvents: s.Sampled, RefusedEvents: sampleOf(&s.Refused),
	}
}

func changeOf(c *signalbox.Change) *model.Change {
	return &model.Change{Action: c.Action, Details: orEmpty(c.Details)}
}
