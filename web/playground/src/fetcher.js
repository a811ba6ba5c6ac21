import { parseJSON, toJSON } from './exact.js';

/**
 * GraphiQL's way to the server. Signalbox answers each operation with one JSON
 * response, so there is nothing here of subscriptions or deferred parts.
 *
 * @param endpoint where the server takes GraphQL
 * @param defaultHeaders sent until the header editor says otherwise; the first
 *   introspection runs before that editor is there
 * @param variablesText gives the text of the variable editor
 */
export function createFetcher({ endpoint, defaultHeaders, variablesText }) {
  return async ({ query, operationName, variables }, { headers } = {}) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...(headers ?? defaultHeaders),
      },
      body: requestBody(query, operationName, variables && variablesText()),
    });
    const text = await response.text();
    try {
      return parseJSON(text);
    } catch {
      // Something before Signalbox answered, a proxy perhaps: show what it said.
      return { errors: [{ message: `HTTP ${response.status}, and no JSON: ${text.slice(0, 500)}` }] };
    }
  };
}

function requestBody(query, operationName, variablesText) {
  const members = [`"query":${JSON.stringify(query)}`];
  if (operationName) members.push(`"operationName":${JSON.stringify(operationName)}`);
  if (variablesText) members.push(`"variables":${toJSON(variablesText)}`);
  return `{${members.join(',')}}`;
}
