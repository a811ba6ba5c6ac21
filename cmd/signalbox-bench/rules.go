package main

import (
	"fmt"
	"strings"
)

// ruledPairs is how many pairs of type and operation have a schema and a rule with a
// condition, in the measurement of what those cost.
const ruledPairs = 20

// ruledOperation is the name of the i-th of them.
func ruledOperation(i int) string { return fmt.Sprintf("ruled_%02d", i) }

func ruledOperations() []string {
	names := make([]string, ruledPairs)
	for i := range names {
		names[i] = ruledOperation(i)
	}
	return names
}

// operationCrowded has a schema and ruledPairs rules.
const operationCrowded = "crowded"

// dataSchema describes the event that everything is measured with, in full.
const dataSchema = `{
  "type": "object",
  "required": ["timestamp", "priority", "item", "stock", "price", "supplier", "locations"],
  "additionalProperties": false,
  "properties": {
    "timestamp": {"type": "string", "format": "date-time"},
    "priority": {"enum": ["low", "normal", "high"]},
    "item": {"type": "object", "required": ["sku", "name", "unit"], "properties": {
      "sku": {"type": "string", "minLength": 1, "maxLength": 64}, "name": {"type": "string", "maxLength": 200}, "unit": {"type": "string"}}},
    "stock": {"type": "object", "required": ["current", "threshold"], "properties": {
      "current": {"type": "integer", "minimum": 0}, "reserved": {"type": "integer", "minimum": 0},
      "threshold": {"type": "integer", "minimum": 0}, "reorderQuantity": {"type": "integer", "minimum": 1}}},
    "price": {"type": "object", "required": ["amount", "currency"], "properties": {
      "amount": {"type": "number", "exclusiveMinimum": 0}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}},
    "supplier": {"type": "object", "required": ["id"], "properties": {
      "id": {"type": "string"}, "name": {"type": "string"}, "leadTimeDays": {"type": "integer"}, "preferred": {"type": "boolean"}}},
    "locations": {"type": "array", "maxItems": 100, "items": {"type": "object", "required": ["warehouse", "quantity"], "properties": {
      "warehouse": {"type": "string"}, "bin": {"type": "string"}, "quantity": {"type": "integer"}}}},
    "note": {"type": "string"},
    "context": {}
  }
}`

// conditions are what rules are like: none of them holds for the event, so that
// nothing but the decision is measured.
var conditions = []string{
	`payload.data.stock.current > payload.data.stock.threshold && payload.data.supplier.preferred`,
	`payload.data.priority == "low" || payload.data.price.amount > 1000`,
	`payload.data.locations.exists(l, l.warehouse == "MUC-%[1]d" && l.quantity > 0)`,
	`payload.data.item.name.startsWith("Gear") && payload.data.stock.reserved >= %[1]d`,
	`has(payload.data.note) && payload.data.supplier.leadTimeDays > %[1]d + 30`,
}

// ruledCatalogue is a file for `signalbox apply`: the pairs with their schemas, and
// their rules.
func ruledCatalogue() string {
	var b strings.Builder
	b.WriteString("types:\n  - type: " + eventType + "\n    operations:\n")
	schema := strings.Join(strings.Fields(dataSchema), " ")
	for i := range ruledPairs {
		fmt.Fprintf(&b, "      - {name: %s, schema: %s}\n", ruledOperation(i), schema)
	}
	fmt.Fprintf(&b, "      - {name: %s, schema: %s}\n", operationCrowded, schema)
	b.WriteString("rules:\n")
	for i := range ruledPairs {
		when := conditions[i%len(conditions)]
		if strings.Contains(when, "%") {
			when = fmt.Sprintf(when, i)
		}
		for _, operation := range []string{ruledOperation(i), operationCrowded} {
			fmt.Fprintf(&b, "  - name: %s-%02d\n    on: {type: %s, operation: %s}\n    when: '%s'\n    start: {workflow: %s, taskQueue: %s}\n",
				strings.ReplaceAll(operation, "_", "-"), i, eventType, operation, when, workflowType, startQueue)
		}
	}
	return b.String()
}
