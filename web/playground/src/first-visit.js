/**
 * Lets GraphiQL find the first tab's query and variables where it keeps those of the
 * tab last used. It would write them there with the first edit only, and a reload
 * before that would bring the tab back without its variables.
 */
export function rememberFirstTab({ query, variables }) {
  try {
    if (localStorage.getItem('graphiql:tabState') !== null) return;
    localStorage.setItem('graphiql:query', query);
    localStorage.setItem('graphiql:variables', variables);
  } catch {
    // No storage here: every visit is a first one.
  }
}
