// GraphiQL formats variables and headers with Prettier's JavaScript parser and
// printer, half a megabyte for a few lines of JSON. This is both of them, for JSON
// with comments alone.
import { applyEdits, format } from 'jsonc-parser';

const options = { insertSpaces: true, tabSize: 2, eol: '\n' };

export const parsers = {
  jsonc: {
    astFormat: 'formatted-jsonc',
    parse: (text) => ({ text: applyEdits(text, format(text, undefined, options)) }),
    locStart: () => 0,
    locEnd: (node) => node.text.length,
  },
};

export const printers = {
  'formatted-jsonc': { print: (path) => path.node.text },
};
