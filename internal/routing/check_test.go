package routing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func shapeOf(fields map[string]*signalbox.Shape) *signalbox.Shape {
	return &signalbox.Shape{Kinds: signalbox.KindObject, Fields: fields}
}

// order:placed has two schema versions, order:cancelled one.
func orderShapes() []signalbox.TypeShape {
	str, num, yes := &signalbox.Shape{Kinds: signalbox.KindString}, &signalbox.Shape{Kinds: signalbox.KindNumber}, &signalbox.Shape{Kinds: signalbox.KindBoolean}
	items := &signalbox.Shape{Kinds: signalbox.KindArray, Items: shapeOf(map[string]*signalbox.Shape{"sku": str, "quantity": num})}
	open := &signalbox.Shape{Kinds: signalbox.KindObject, Open: true}
	return []signalbox.TypeShape{
		{Type: "order", Operation: "placed", Version: 1, Data: shapeOf(map[string]*signalbox.Shape{"total": str, "items": items})},
		{Type: "order", Operation: "placed", Version: 2, Data: shapeOf(map[string]*signalbox.Shape{
			"total": num, "items": items, "vip": yes, "customer": shapeOf(map[string]*signalbox.Shape{"email": str}), "extra": open, "any": nil,
		})},
		{Type: "order", Operation: "cancelled", Version: 1, Data: shapeOf(map[string]*signalbox.Shape{"reason": str})},
	}
}

func TestCheckAgainstSchemas(t *testing.T) {
	for when, want := range map[string]string{
		`payload.data.total > 100`:                          "",
		`payload.data.total == "100"`:                       "", // version 1 has strings
		`payload.data.reason == "late"`:                     "",
		`payload.data.totl > 100`:                           `payload.data has no member "totl" in any schema version: did you mean "total"?`,
		`payload.data.reason > 100`:                         `payload.data.reason is a string and is compared with 100, which is a number`,
		`100 == payload.data.reason`:                        `100 is a number and is compared with payload.data.reason, which is a string`,
		`payload.data.reason == null`:                       "",
		`payload.data.customer.email.startsWith("a")`:       "",
		`payload.data.customer.mail == "a"`:                 `payload.data.customer has no member "mail" in any schema version: did you mean "email"?`,
		`payload.data.customer.email.domain == "a"`:         `payload.data.customer.email is a string and has no member "domain"`,
		`has(payload.data.nothing)`:                         `payload.data has no member "nothing" in any schema version`,
		`payload.data["totl"] == 1`:                         `payload.data has no member "totl" in any schema version: did you mean "total"?`,
		`payload.data.extra.whatever == 1`:                  "",
		`payload.data.any.thing > 3`:                        "",
		`payload.data.items.exists(i, i.sku == "a")`:        "",
		`payload.data.items.exists(i, i.sk == "a")`:         `i has no member "sk" in any schema version: did you mean "sku"?`,
		`payload.data.items.exists(i, i.quantity == "a")`:   `i.quantity is a number and is compared with "a", which is a string`,
		`payload.data.items[0].quantity > 1`:                "",
		`payload.data.items[0].quantity == "x"`:             `payload.data.items[0].quantity is a number and is compared with "x", which is a string`,
		`payload.data.items.map(i, i.quantity).size() > 2`:  "",
		`payload.data.vip`:                                  "",
		`payload.data.vip == "yes"`:                         `payload.data.vip is a boolean and is compared with "yes", which is a string`,
		`payload.data.reason.size() > 3`:                    "",
		`payload.data.vip.size() > 3`:                       `payload.data.vip is a boolean, and size takes a string or an object or an array`,
		`payload.data.vip.matches("x")`:                     `payload.data.vip is a boolean, and matches takes a string`,
		`payload.data.reason && true`:                       `payload.data.reason is a string, and a condition takes a boolean`,
		`!payload.data.reason`:                              `payload.data.reason is a string, and ! takes a boolean`,
		`payload.data.reason + 1 == 2`:                      `payload.data.reason is a string and 1 is a number, which + does not join`,
		`payload.data.reason * 2 == 2`:                      `payload.data.reason is a string, and * takes a number`,
		`int(payload.data.reason) > 3`:                      "",
		`payload.data.vip ? payload.data.total > 1 : false`: "",
		`event.typo == "x"`:                                 `event has no member "typo": did you mean "type"?`,
		`event.type == 5`:                                   `event.type is a string and is compared with 5, which is a number`,
		`payload.ID == "x"`:                                 `payload has no member "ID": did you mean "id"?`,
		`tenant.config.a.b == 1`:                            "",
		`event.metadata.trace == "x"`:                       "",
		`now - event.occurredAt > duration("5m")`:           "",
		`event.occurredAt.getFullYear() == 2026`:            "",
		`payload.data.total in [1, 2]`:                      "",
		`"x" in payload.data.reason`:                        `payload.data.reason is a string, and in looks into an array or an object`,
		`payload.data.reason.exists(i, i == "x")`:           `payload.data.reason is a string, and a macro goes over an array or an object`,
		`payload.data.items.exists(i, i.sku == "a") && payload.data.items.all(i, i.quantity > 0)`: "",
	} {
		r := conditional(when)
		r.On.Operation = "*"
		faults := compiled(t, r).Check(orderShapes())
		if want == "" {
			require.Empty(t, faults, when)
			continue
		}
		require.NotEmpty(t, faults, when)
		require.Equal(t, want, faults[0].Message, when)
		require.Equal(t, "/when", faults[0].Pointer)
		// Where one of the types has no schema, a field may be anything.
		if r.When[:5] != "event" && r.When != `payload.ID == "x"` {
			require.Empty(t, compiled(t, r).Check(append(orderShapes(), signalbox.TypeShape{Type: "order", Operation: "other"})), when)
		}
		require.NotPanics(t, func() { compiled(t, r).Check(nil) })
	}
}

func TestCheckPointsIntoTheRule(t *testing.T) {
	r := conditional("true")
	r.Start.ID = "payload.data.nothing"
	r.Start.Input = map[string]string{"a/b": "payload.data.total.x", "fine": "payload.data.total"}
	r.Start.Memo = map[string]string{"m": "payload.data.totl"}
	faults := compiled(t, r).Check(orderShapes())
	var at []string
	for _, f := range faults {
		at = append(at, f.Pointer)
	}
	require.Equal(t, []string{"/start/id", "/start/input/a~1b", "/start/memo/m"}, at)
}
