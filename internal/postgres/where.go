package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// where collects the conditions that a filter really has, so that the planner sees
// no others and takes the index that fits. Conditions are our own text; values are
// arguments, always.
//
// The tenant is always the first.
type where struct {
	tenant     signalbox.ID
	conditions []string
	args       []any
}

// whereTenant begins with the tenant, in a column such as e.tenant_id.
func whereTenant(column string, tenant signalbox.ID) *where {
	w := &where{tenant: tenant}
	w.and(column+" = $%d", tenant)
	return w
}

// and adds a condition on one value, whose place in the text is $%d.
func (w *where) and(condition string, value any) {
	w.args = append(w.args, value)
	w.conditions = append(w.conditions, fmt.Sprintf(condition, len(w.args)))
}

// plain adds a condition without a value.
func (w *where) plain(condition string) { w.conditions = append(w.conditions, condition) }

// arg adds a value and answers its place.
func (w *where) arg(value any) string {
	w.args = append(w.args[:len(w.args):len(w.args)], value)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) sql() string { return " WHERE " + strings.Join(w.conditions, " AND ") }
