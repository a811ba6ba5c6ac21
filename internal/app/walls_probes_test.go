package app_test

// What stands in braces is another tenant's, and after OWN the caller's own.

const (
	wholeEvent = `{ id type operation payload { id data } source subject metadata outcome workflows { id runID } dispatches { id rule } decisions { rule reason } }`
	wholeRule  = `{ name version state description type operation start { workflow taskQueue namespace } draft { description } counts { matched } }`
	wholeType  = `{ type operation displayName description sample schemas { version schema } }`
	wholeStart = `{ id eventID rule status namespace workflowType workflowID taskQueue runID lastError { message } }`
	sampled    = `{ count eventIDs }`
)

// probes change nothing of the caller's that a later one reads.
var probes = []probe{
	{"event", `{ event(id: "{EVENT}") ` + wholeEvent + ` }`},
	{"event", `{ event(id: "{DISPATCH}") ` + wholeEvent + ` }`},
	{"events", `{ events { nodes ` + wholeEvent + ` pageInfo { hasNextPage } } }`},
	{"events", `{ events(first: 500, after: "{CURSOR}") { nodes ` + wholeEvent + ` pageInfo { hasNextPage endCursor } } }`},
	{"events", `{ events(filter: {type: "{type}", operation: "{op}"}) { nodes ` + wholeEvent + ` } }`},
	{"events", `{ events(filter: {entityID: "{entity}"}) { nodes ` + wholeEvent + ` } }`},
	{"events", `{ events(filter: {source: "{source}"}) { nodes ` + wholeEvent + ` } }`},
	{"events", `{ events(filter: {outcomes: [FAILED, PARTIAL, STARTED, FILTERED, NO_RULE, PENDING]}) { nodes ` + wholeEvent + ` } }`},
	{"dispatches", `{ dispatches(first: 500) { nodes ` + wholeStart + ` } }`},
	{"dispatches", `{ dispatches(first: 500, after: "{STARTS}") { nodes ` + wholeStart + ` pageInfo { hasNextPage } } }`},
	{"dispatches", `{ dispatches(filter: {rule: "{rule}"}) { nodes ` + wholeStart + ` } }`},
	{"dispatches", `{ dispatches(filter: {eventID: "{EVENT}"}) { nodes ` + wholeStart + ` } }`},
	{"dispatches", `{ dispatches(filter: {namespace: "{ns}", statuses: [FAILED]}) { nodes ` + wholeStart + ` } }`},
	{"eventTypes", `{ eventTypes ` + wholeType + ` }`},
	{"eventType", `{ eventType(type: "{type}", operation: "{op}") ` + wholeType + ` }`},
	{"rules", `{ rules ` + wholeRule + ` }`},
	{"rule", `{ rule(name: "{rule}") ` + wholeRule + ` }`},
	{"rule", `{ rule(name: "{draft}") ` + wholeRule + ` }`},
	{"ruleVersions", `{ ruleVersions(name: "{rule}") { version definition { description } } }`},
	{"ruleVersions", `{ ruleVersions(name: "shared") { version definition { description } } }`},
	{"explainEvent", `{ explainEvent(eventID: "{EVENT}", ruleName: "{rule}") { reason stored { reason } dispatch { id } } }`},
	{"explainEvent", `{ explainEvent(eventID: "{EVENT}", ruleName: "{OWN rule}") { reason stored { reason } dispatch { id } } }`},
	{"explainEvent", `{ explainEvent(eventID: "{OWN EVENT}", ruleName: "{rule}") { reason stored { reason } dispatch { id } } }`},
	{"explainEvent", `{ explainEvent(eventID: "{OWN EVENT}", ruleName: "{draft}") { reason } }`},
	{"previewRule", `{ previewRule(draft: {name: "{rule}", on: {type: "*", operation: "*"}, start: {workflow: "w", taskQueue: "q"}}) {
		scanned matched newlyMatched ` + sampled + ` noLongerMatched ` + sampled + ` } }`},
	{"previewRule", `{ previewRule(draft: {name: "x", on: {event: "{type}:{op}"}, start: {workflow: "w", taskQueue: "q"}}) {
		scanned matched newlyMatched ` + sampled + ` } }`},
	{"compareRules", `{ compareRules(shadow: "{shadow}", enabled: "{rule}") { scanned both onlyShadow ` + sampled + ` } }`},
	{"compareRules", `{ compareRules(shadow: "{OWN shadow}", enabled: "{rule}") { scanned both onlyShadow ` + sampled + ` } }`},
	{"testCustomEvent", `{ testCustomEvent(input: {type: "{type}", operation: "{op}", payload: {id: "1"}}) { outcome decisions { rule } } }`},
	{"testCustomEvent", `{ testCustomEvent(input: {type: "{display}", operation: "{op}", payload: {id: "1"}}) { outcome decisions { rule } } }`},
	{"testCustomEvent", `{ testCustomEvent(input: {type: "order", operation: "placed", idempotencyKey: "{idem}", payload: {id: "1"}}) {
		outcome decisions { rule } starts { rule workflowType } } }`},
	{"sendCustomEvent", `mutation { sendCustomEvent(input: {type: "{type}", operation: "{op}", payload: {id: "1"}}) { eventID outcome } }`},
	{"sendCustomEvent", `mutation { sendCustomEvent(input: {type: "order", operation: "placed", idempotencyKey: "{idem}",
		payload: {id: "1", data: {total: 7}}}) { eventID duplicate dispatches { rule workflowType } } }`},
	{"sendCustomEvents", `mutation { sendCustomEvents(inputs: [{type: "{type}", operation: "{op}", payload: {id: "1"}},
		{type: "order", operation: "placed", idempotencyKey: "{idem}", payload: {id: "other"}}]) {
		response { eventID duplicate } error { code message suggestions } } }`},
	{"redriveDispatch", `mutation { redriveDispatch(id: "{FAILED}") ` + wholeStart + ` }`},
	{"redriveDispatch", `mutation { redriveDispatch(id: "{DISPATCH}") ` + wholeStart + ` }`},
	{"redriveDispatches", `mutation { redriveDispatches(filter: {rule: "{fails}"}) { redriven } }`},
	{"redriveDispatches", `mutation { redriveDispatches(filter: {namespace: "{ns}"}) { redriven } }`},
	{"redriveDispatches", `mutation { redriveDispatches(filter: {eventID: "{EVENT}"}) { redriven } }`},
	{"updateRule", `mutation { updateRule(input: {name: "{rule}", on: {type: "*", operation: "*"}, start: {workflow: "w", taskQueue: "q"}}, publish: true) { rule ` + wholeRule + ` } }`},
	{"publishRule", `mutation { publishRule(name: "{rule}") { rule ` + wholeRule + ` } }`},
	{"publishRule", `mutation { publishRule(name: "{draft}") { rule ` + wholeRule + ` } }`},
	{"setRuleState", `mutation { setRuleState(name: "{rule}", state: DISABLED) { rule ` + wholeRule + ` } }`},
	{"deleteRule", `mutation { deleteRule(name: "{draft}") { name } }`},
	{"viewer", `{ viewer { tenant actor permissions limits { rate } key { id name } } }`},
	{"tenant", `{ tenant { slug namespace config limits { rate } } }`},
	{"tenants", `{ tenants { nodes { slug namespace config } } }`},
	{"createTenant", `mutation { createTenant(input: {slug: "{slug}"}) { slug config } }`},
	{"updateTenant", `mutation { updateTenant(slug: "{slug}", input: {namespace: "x", limits: {rate: 1}}) { slug config } }`},
	{"updateSettings", `mutation { updateSettings(input: {unknownNames: REJECT}) { slug config } }`},
	{"keys", `{ keys { nodes { id name permissions createdBy } } }`},
	{"keys", `{ keys(filter: {valid: true}, first: 500, after: "{KEYS}") { nodes { id name createdBy } pageInfo { hasNextPage endCursor } } }`},
	{"keys", `{ keys(tenant: "{slug}") { nodes { id name permissions createdBy } } }`},
	{"createKey", `mutation { createKey(input: {name: "x", permissions: ["tenant:admin"], tenant: "{slug}"}) { secret key { id } } }`},
	{"rotateKey", `mutation { rotateKey(id: "{KEY}") { secret key { id name } } }`},
	{"rotateKey", `mutation { rotateKey(id: "{KEY}", tenant: "{slug}") { secret key { id name } } }`},
	{"revokeKey", `mutation { revokeKey(id: "{KEY}") { id name } }`},
	{"revokeKey", `mutation { revokeKey(id: "{KEY}", tenant: "{slug}") { id name } }`},
	{"auditLog", `{ auditLog { nodes { id actor action kind name before after } } }`},
	{"auditLog", `{ auditLog(first: 500, after: "{CHANGES}") { nodes { id actor kind name before after } pageInfo { hasNextPage endCursor } } }`},
	{"auditLog", `{ auditLog(filter: {name: "{rule}"}) { nodes { id actor kind name before after } } }`},
	{"auditLog", `{ auditLog(filter: {name: "{KEY}", kind: KEY}) { nodes { id actor kind name before after } } }`},
	{"auditLog", `{ auditLog(filter: {actor: "{ACTOR}"}) { nodes { id actor kind name before after } } }`},
	{"auditLog", `{ auditLog(tenant: "{slug}") { nodes { id actor kind name before after } } }`},
}

// claims register under another tenant's names, and take what is left to take.
var claims = []probe{
	{"saveEventType", `mutation { saveEventType(input: {type: "{type}", operation: "{op}", displayName: "{display}", schema: {type: "object", required: ["y"]}}) {
		eventType ` + wholeType + ` change { action } brokenRules { rule reason } breaks { message } sampledEvents refusedEvents ` + sampled + ` } }`},
	{"createRule", `mutation { createRule(input: {name: "{rule}", on: {event: "{type}:{op}"}, start: {workflow: "w", taskQueue: "q"}}, publish: true) { rule ` + wholeRule + ` } }`},
	{"createRule", `mutation { createRule(input: {name: "{draft}", on: {event: "{type}:{op}"}, start: {workflow: "w", taskQueue: "q"}}) { rule ` + wholeRule + ` } }`},
	{"sendCustomEvent", `mutation { sendCustomEvent(input: {type: "{type}", operation: "{op}", payload: {id: "{entity}", data: {y: 1}}}) {
		eventID duplicate decisions { rule } omittedDecisions dispatches { rule workflowType } } }`},
	{"createKey", `mutation { createKey(input: {name: "{key}", permissions: ["events:read"]}) { secret key { id name } } }`},
	{"updateSettings", `mutation { updateSettings(input: {config: {note: "{rule}"}}) { slug config } }`},
}
