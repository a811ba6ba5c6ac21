import { onmessage as json } from './worker-json.js';
import { onmessage as graphql } from './worker-graphql.js';
import { onmessage as editor } from './worker-editor.js';

globalThis.onmessage = { json, graphql }[globalThis.name] ?? editor;
