// Monaco's API names its diff editors, so a bundler cannot see that nobody opens one.
export class DiffEditorWidget {}
export class MultiDiffEditorWidget {}
