package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/sosodev/duration"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The file that `signalbox apply` reads, in YAML. Operations are names, or maps
// with a name where there is more to say.
type file struct {
	Types []fileType `yaml:"types"`
	Rules []fileRule `yaml:"rules"`
}

type fileType struct {
	Type       string          `yaml:"type"`
	Operations []fileOperation `yaml:"operations"`
}

type fileOperation struct {
	Name        string `yaml:"name"`
	DisplayName string `yaml:"displayName"`
	Description string `yaml:"description"`
}

// UnmarshalYAML takes the short form, a bare name, too.
func (o *fileOperation) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&o.Name); err == nil {
		return nil
	}
	type long fileOperation
	return unmarshal((*long)(o))
}

type fileRule struct {
	Name  string    `yaml:"name"`
	State string    `yaml:"state"`
	On    filePlace `yaml:"on"`
	Start fileStart `yaml:"start"`
}

// filePlace names type and operation, or both as event: "type:operation" (H-01).
type filePlace struct {
	Type      string `yaml:"type"`
	Operation string `yaml:"operation"`
	Event     string `yaml:"event"`
}

type fileStart struct {
	Workflow         string `yaml:"workflow"`
	TaskQueue        string `yaml:"taskQueue"`
	Namespace        string `yaml:"namespace"`
	ReusePolicy      string `yaml:"reusePolicy"`
	ConflictPolicy   string `yaml:"conflictPolicy"`
	ExecutionTimeout string `yaml:"executionTimeout"` // ISO 8601, as the two below: PT1H30M
	RunTimeout       string `yaml:"runTimeout"`
	TaskTimeout      string `yaml:"taskTimeout"`
}

// Parse reads a file. Every fault is reported at once, in words for the person who
// wrote it.
func Parse(text []byte) (signalbox.Catalogue, error) {
	var f file
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return signalbox.Catalogue{}, fmt.Errorf("the file cannot be read: %s", yaml.FormatError(err, false, true))
	}
	var content signalbox.Catalogue
	var faults []error
	seen := make(map[string]bool)
	for _, t := range f.Types {
		faults = append(faults, checkName("types: type", t.Type))
		if len(t.Operations) == 0 {
			faults = append(faults, fmt.Errorf("types: type %q has no operations", t.Type))
		}
		for _, o := range t.Operations {
			faults = append(faults, checkName("types: operation of "+t.Type, o.Name))
			if strings.Contains(t.Type+o.Name, "*") {
				faults = append(faults, fmt.Errorf("types: %s:%s: a * is for rules' patterns", t.Type, o.Name))
			}
			if key := t.Type + "\x00" + o.Name; seen[key] {
				faults = append(faults, fmt.Errorf("types: %s:%s is there twice", t.Type, o.Name))
			} else {
				seen[key] = true
			}
			content.Types = append(content.Types, signalbox.EventType{
				Type: t.Type, Operation: o.Name, DisplayName: o.DisplayName, Description: o.Description,
			})
		}
	}
	for _, r := range f.Rules {
		rule, err := r.rule()
		faults = append(faults, err)
		content.Rules = append(content.Rules, rule)
	}
	if err := errors.Join(faults...); err != nil {
		return signalbox.Catalogue{}, err
	}
	if _, err := routing.Compile(content.Rules, routing.Options{}); err != nil {
		return signalbox.Catalogue{}, errors.New(signalbox.AsError(err).Message)
	}
	return content, nil
}

func checkName(what, name string) error {
	if err := signalbox.CheckName(name); err != nil {
		return fmt.Errorf("%s %w", what, err)
	}
	return nil
}

func (r *fileRule) rule() (signalbox.Rule, error) {
	rule := signalbox.Rule{
		Name:  r.Name,
		State: signalbox.RuleState(r.State),
	}
	rule.On = signalbox.Pattern{Type: r.On.Type, Operation: r.On.Operation}
	rule.Start = signalbox.StartSpec{
		Workflow:  r.Start.Workflow,
		TaskQueue: r.Start.TaskQueue,
		Namespace: r.Start.Namespace,
		StartOptions: signalbox.StartOptions{
			ReusePolicy:    signalbox.ReusePolicy(r.Start.ReusePolicy),
			ConflictPolicy: signalbox.ConflictPolicy(r.Start.ConflictPolicy),
		},
	}
	if rule.State == "" {
		rule.State = signalbox.RuleEnabled
	}
	var faults []error
	if r.On.Event != "" {
		typ, operation, found := strings.Cut(r.On.Event, ":")
		if !found || r.On.Type != "" || r.On.Operation != "" {
			faults = append(faults, fmt.Errorf(`rule %q: on takes type and operation, or event: "type:operation"`, r.Name))
		}
		rule.On = signalbox.Pattern{Type: typ, Operation: operation}
	}
	o := &rule.Start.StartOptions
	for _, timeout := range []struct {
		name, text string
		into       *time.Duration
	}{
		{"executionTimeout", r.Start.ExecutionTimeout, &o.ExecutionTimeout},
		{"runTimeout", r.Start.RunTimeout, &o.RunTimeout},
		{"taskTimeout", r.Start.TaskTimeout, &o.TaskTimeout},
	} {
		if timeout.text == "" {
			continue
		}
		d, err := duration.Parse(timeout.text)
		if err != nil {
			faults = append(faults, fmt.Errorf("rule %q: start.%s is an ISO 8601 duration, e.g. PT1H30M", r.Name, timeout.name))
			continue
		}
		*timeout.into = d.ToTimeDuration()
	}
	return rule, errors.Join(faults...)
}
