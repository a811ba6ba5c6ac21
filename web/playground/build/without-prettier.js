/**
 * monaco-graphql's worker carries a second copy of Prettier for a command that the
 * editor here does not have: GraphiQL formats in the page.
 */
export function withoutPrettier() {
  return {
    name: 'without-prettier',
    enforce: 'pre',
    resolveId: (source) => (source.startsWith('prettier/') ? 'no-prettier' : null),
    load: (id) => (id === 'no-prettier' ? 'export default null;' : null),
  };
}
