// Every example has to fit the schema that the server is made from.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { buildSchema, getVariableValues, parse, validate } from 'graphql';

const schemaDir = new URL('../../../graph/schema/', import.meta.url);
const examplesDir = new URL('../src/examples/', import.meta.url);
const read = (name, dir) => readFileSync(new URL(name, dir), 'utf8');

const schema = buildSchema(
  readdirSync(schemaDir)
    .filter((name) => name.endsWith('.graphqls'))
    .map((name) => read(name, schemaDir))
    .join('\n'),
);
const files = readdirSync(examplesDir);
const examples = files.filter((name) => name.endsWith('.graphql'));

test('each example is shown', () => {
  const shown = read('../src/examples.js', import.meta.url);
  for (const name of files) assert.ok(shown.includes(`./examples/${name}?raw`), `${name} is in no tab`);
});

for (const name of examples) {
  test(name, () => {
    const document = parse(read(name, examplesDir));
    assert.deepEqual(validate(schema, document), []);

    const variablesName = name.replace(/\.graphql$/, '.json');
    const variables = files.includes(variablesName) ? JSON.parse(read(variablesName, examplesDir)) : {};
    const used = new Set();
    for (const operation of document.definitions.filter(({ kind }) => kind === 'OperationDefinition')) {
      const definitions = operation.variableDefinitions;
      const { errors } = getVariableValues(schema, definitions, variables);
      assert.equal(errors, undefined);
      for (const { variable } of definitions) used.add(variable.name.value);
    }
    assert.deepEqual(Object.keys(variables), [...used], 'variables given and declared');
  });
}
