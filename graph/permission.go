package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	canDirective = "can"
	// authenticated is what @can has where every principal may ask.
	authenticated = "authenticated"
)

// can is the one place where a root field's permissions are asked for, before its
// resolver runs. What may be sent under which name the road asks itself.
func (c *Config) can(ctx context.Context, _ any, next graphql.Resolver, needed []string) (any, error) {
	p, err := c.Principal(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range needed {
		if one == authenticated || allowsAll(p.Permissions, one) {
			return next(ctx)
		}
	}
	if len(needed) == 1 {
		return nil, p.Require(signalbox.Action(needed[0]))
	}
	last := len(needed) - 1
	return nil, signalbox.Errorf(signalbox.CodeForbidden, "this needs one of the permissions %s and %s, and %s has none of them",
		strings.Join(needed[:last], ", "), needed[last], p.Noun())
}

// and stands between permissions of which each is needed.
const and = " and "

func allowsAll(permissions signalbox.Permissions, needed string) bool {
	for action := range strings.SplitSeq(needed, and) {
		if !permissions.Allow(signalbox.Action(action)) {
			return false
		}
	}
	return true
}

// checkPermissions is nil where every root field says who may ask for it, by actions
// that there are, and no other field does, since nobody would hold it to that.
func checkPermissions(schema *ast.Schema) error {
	for _, of := range schema.Types {
		root := of == schema.Query || of == schema.Mutation || of == schema.Subscription
		for _, field := range of.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue // the schema's own, which is no tenant's
			}
			if err := checkPermission(field, root); err != nil {
				return fmt.Errorf("%s.%s: %w", of.Name, field.Name, err)
			}
		}
	}
	return nil
}

func checkPermission(field *ast.FieldDefinition, root bool) error {
	directives := field.Directives.ForNames(canDirective)
	switch {
	case !root && len(directives) > 0:
		return fmt.Errorf("@%s is held to on fields of Query and Mutation alone", canDirective)
	case !root:
		return nil
	case len(directives) != 1:
		return fmt.Errorf("a root field has one @%s, and this has %d", canDirective, len(directives))
	}
	needed := directives[0].Arguments.ForName("any").Value.Children
	if len(needed) == 0 {
		return fmt.Errorf("@%s has no permission: nobody might ask for it", canDirective)
	}
	for _, one := range needed {
		if one.Value.Raw == authenticated {
			continue
		}
		for action := range strings.SplitSeq(one.Value.Raw, and) {
			if !slices.Contains(signalbox.Actions(), signalbox.Action(action)) {
				return fmt.Errorf("@%s has %q, which is no permission", canDirective, action)
			}
		}
	}
	return nil
}
