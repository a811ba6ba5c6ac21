import sendEvent from './examples/send-event.graphql?raw';
import sendEventVariables from './examples/send-event.json?raw';
import sendOnce from './examples/send-once.graphql?raw';
import sendOnceVariables from './examples/send-once.json?raw';
import sendSeveral from './examples/send-several.graphql?raw';
import sendMany from './examples/send-many.graphql?raw';
import sendManyVariables from './examples/send-many.json?raw';
import eventLog from './examples/event-log.graphql?raw';
import dryRun from './examples/dry-run.graphql?raw';
import dryRunVariables from './examples/dry-run.json?raw';
import shadowRule from './examples/shadow-rule.graphql?raw';
import why from './examples/why.graphql?raw';
import whatFailed from './examples/what-failed.graphql?raw';
import whatFailedVariables from './examples/what-failed.json?raw';
import keys from './examples/keys.graphql?raw';
import keysVariables from './examples/keys.json?raw';
import auditLog from './examples/audit-log.graphql?raw';

/** The tabs of a first visit. GraphiQL titles each one by its first operation's name. */
export const examples = [
  { query: sendEvent, variables: sendEventVariables },
  { query: sendOnce, variables: sendOnceVariables },
  { query: sendSeveral },
  { query: sendMany, variables: sendManyVariables },
  { query: dryRun, variables: dryRunVariables },
  { query: shadowRule },
  { query: why },
  { query: eventLog },
  { query: whatFailed, variables: whatFailedVariables },
  { query: keys, variables: keysVariables },
  { query: auditLog },
].map(({ query, variables = '' }) => ({ query: query.trimEnd(), variables: variables.trimEnd() }));
