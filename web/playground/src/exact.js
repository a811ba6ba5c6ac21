// Signalbox keeps every digit of a number. JavaScript does not: 9007199254740993
// parsed and printed again is 9007199254740992. So the playground hands numbers
// through as the text that they are.
import { SyntaxKind, createScanner } from 'jsonc-parser';

/** The JSON text that JSON with comments and trailing commas stands for, its literals untouched. */
export function toJSON(text) {
  const scanner = createScanner(text, true);
  let json = '';
  let comma = false;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EOF; kind = scanner.scan()) {
    if (kind === SyntaxKind.CommaToken) {
      comma = true;
      continue;
    }
    if (comma && kind !== SyntaxKind.CloseBraceToken && kind !== SyntaxKind.CloseBracketToken) json += ',';
    comma = false;
    const start = scanner.getTokenOffset();
    json += text.slice(start, start + scanner.getTokenLength());
  }
  return json;
}

/**
 * JSON.parse, but a number that JavaScript would print differently is kept as its
 * source, which JSON.stringify writes out again. A browser without JSON.rawJSON
 * gets the rounded number, as it would anyway.
 */
export function parseJSON(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (_, value, { source } = {}) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value,
  );
}
