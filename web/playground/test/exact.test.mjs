import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJSON, toJSON } from '../src/exact.js';

const cases = [
  ['{}', '{}'],
  ['{"n": 9007199254740993}', '{"n":9007199254740993}'],
  ['{"n": [1.10, -0, 1e400, 0.1000000000000000055511151231257827]}', '{"n":[1.10,-0,1e400,0.1000000000000000055511151231257827]}'],
  ['{"a": 1, // one\n "b": [2, 3,], /* and */ }', '{"a":1,"b":[2,3]}'],
  ['{"text": "// no comment, [1,] \\" \\u0000 \u00e9"}', '{"text":"// no comment, [1,] \\" \\u0000 \u00e9"}'],
  ['', ''],
];

for (const [text, want] of cases) {
  test(`toJSON ${JSON.stringify(text)}`, () => assert.equal(toJSON(text), want));
}

test('parseJSON keeps every digit', { skip: !JSON.rawJSON && 'JSON.rawJSON is newer than this Node; the browser test covers it' }, () => {
  const text = '{"n":[9007199254740993,1.10,-0,1,0.5]}';
  assert.equal(JSON.stringify(parseJSON(text)), text);
});

test('parseJSON parses', () => {
  assert.deepEqual(parseJSON('{"n":[1,0.5,"9007199254740993",null,true]}'), { n: [1, 0.5, '9007199254740993', null, true] });
});
