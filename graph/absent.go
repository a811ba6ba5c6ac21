package graph

import (
	"context"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// standIns take the place of parts that a config leaves out.
func (c *Config) standIns() {
	if c.Tester == nil {
		c.Tester = absent{}
	}
	if c.RuleEditor == nil {
		c.RuleEditor = absent{}
	}
	if c.TypeEditor == nil {
		c.TypeEditor = absent{}
	}
	if c.Explainer == nil {
		c.Explainer = absent{}
	}
	if c.History == nil {
		c.History = absent{}
	}
}

// absent refuses everything.
type absent struct{}

var errAbsent = signalbox.Errorf(signalbox.CodeConfiguration, "this server does not serve this field")

func (absent) Test(context.Context, signalbox.Principal, ingest.Input) (*ingest.TestResult, error) {
	return nil, errAbsent
}

func (absent) SaveRule(context.Context, signalbox.ID, signalbox.RuleEdit) (*signalbox.RuleSaved, error) {
	return nil, errAbsent
}

func (absent) PublishRule(context.Context, signalbox.ID, string, signalbox.RuleState) (*signalbox.RuleSaved, error) {
	return nil, errAbsent
}

func (absent) SetRuleState(context.Context, signalbox.ID, string, signalbox.RuleState) (*signalbox.RuleSaved, error) {
	return nil, errAbsent
}

func (absent) DeleteRule(context.Context, signalbox.ID, string) error { return errAbsent }

func (absent) SaveEventType(context.Context, signalbox.ID, signalbox.EventTypeEdit) (*signalbox.EventTypeSaved, error) {
	return nil, errAbsent
}

func (absent) ExpandFields([]byte) ([]byte, error) { return nil, errAbsent }

func (absent) Explain(context.Context, signalbox.ID, signalbox.ID, string) (*signalbox.Explanation, error) {
	return nil, errAbsent
}

func (absent) Preview(context.Context, signalbox.ID, string, signalbox.RuleDefinition, signalbox.Window) (*signalbox.Preview, error) {
	return nil, errAbsent
}

func (absent) Compare(context.Context, signalbox.ID, string, string, signalbox.Window) (*signalbox.Comparison, error) {
	return nil, errAbsent
}

func (absent) RuleVersions(context.Context, signalbox.ID, string) ([]signalbox.RuleVersion, error) {
	return nil, errAbsent
}
