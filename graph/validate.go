package graph

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

const (
	maxErrors  = 20
	maxMessage = 300
)

// validation is the specification's rules, and a bound on introspection that is
// circular.
func validation(suggestions bool) []core.Rule {
	set := rules.NewDefaultRules()
	if !suggestions {
		set.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	}
	set.AddRule(rules.MaxIntrospectionDepth.Name, rules.MaxIntrospectionDepth.RuleFunc)
	var all []core.Rule
	for name, rule := range set.GetInner() {
		all = append(all, core.Rule{Name: name, RuleFunc: rule})
	}
	slices.SortFunc(all, func(a, b core.Rule) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// enough ends a validation that has found as many errors as are shown. There can be
// a quarter of a million: one for each pair of fields.
type enough struct{}

func validate(schema *ast.Schema, doc *ast.QueryDocument, all []core.Rule) (errs gqlerror.List) {
	defer func() {
		if v := recover(); v != nil && v != (enough{}) {
			panic(v)
		}
	}()
	events := &core.Events{}
	for _, rule := range all {
		rule.RuleFunc(events, func(options ...core.ErrorOption) {
			if len(errs) == maxErrors {
				panic(enough{})
			}
			e := &gqlerror.Error{Rule: rule.Name}
			for _, set := range options {
				set(e)
			}
			errs = append(errs, e)
		})
	}
	core.Walk(schema, doc, events)
	return errs
}
