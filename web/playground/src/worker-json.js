import 'monaco-editor/esm/vs/language/json/json.worker.js';

// Importing the worker made it listen; whether it stays the listener is worker.js's to say.
export const { onmessage } = globalThis;
