import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { precompress } from './build/precompress.js';
import { withoutPrettier } from './build/without-prettier.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Relative, so that the page works wherever it is mounted.
  base: './',
  html: { cspNonce: '%SIGNALBOX_NONCE%' },
  resolve: {
    // What GraphiQL asks for, against what of it the playground needs.
    alias: [
      { find: /^(monaco-graphql\/esm|\.)\/monaco-editor(\.js)?$/, replacement: here('src/monaco.js') },
      { find: /^.*\/(diffEditorWidget|multiDiffEditorWidget)\.js$/, replacement: here('src/no-diff-editor.js') },
      { find: /^prettier\/parser-graphql$/, replacement: 'prettier/plugins/graphql' },
      { find: /^prettier\/(parser-babel|plugins\/estree)$/, replacement: here('src/prettier-jsonc.js') },
    ],
  },
  worker: { format: 'es', plugins: () => [withoutPrettier()] },
  plugins: [precompress()],
  build: {
    outDir: here('../../internal/dashboard/playground'),
    emptyOutDir: true,
    // A data: URI would be allowed for images only; files obey 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      output: {
        // Apart from what is ours, so that a change of ours changes a small file only.
        codeSplitting: {
          groups: [
            { name: 'nonce', test: /\/src\/nonce\.js$/ },
            { name: 'editor', test: /\/(monaco-editor|monaco-graphql|graphql-language-service)\/|\/src\/monaco\.js$/ },
            { name: 'vendor', test: /\/node_modules\/(?!prettier\/)/ },
          ],
        },
      },
      onwarn(warning, warn) {
        // "use client" speaks to servers that render React; there is none here.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
});
