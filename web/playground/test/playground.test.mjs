// The playground in a real browser against a running server, whose base URL is in
// SIGNALBOX_URL. With SIGNALBOX_SCREENSHOTS set to a folder, leaves pictures there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collectFaults, launchChromium } from './browser.mjs';

const { SIGNALBOX_URL: base, SIGNALBOX_SCREENSHOTS: screenshots } = process.env;
const deadline = 60_000; // a busy machine takes its time

let browser;
let page;
let faults;

before(async () => {
  assert.ok(base, 'SIGNALBOX_URL has to be the base URL of a running server, e.g. http://localhost:8080');
  browser = await launchChromium();
  // High, because the editor keeps only the visible lines in the page.
  page = await browser.newPage({ viewport: { width: 1360, height: 1600 } });
  page.setDefaultTimeout(deadline);
  faults = await collectFaults(page, new URL(base).origin);
  await open(() => page.goto(new URL('/playground', base).href));
});

after(() => browser?.close());

/** A step of the visit; none may leave a fault behind. */
function step(name, run) {
  test(name, async () => {
    try {
      await run();
      assert.deepEqual(faults, []);
    } finally {
      if (screenshots) await page?.screenshot({ path: join(screenshots, `${name.replaceAll(/\W+/g, '-')}.png`) });
    }
  });
}

const queryPane = '.graphiql-query-editor .view-lines';
const variablesPane = '.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines';
const headersPane = variablesPane;
const resultPane = '.graphiql-response .view-lines';

async function open(navigate) {
  const introspected = page.waitForResponse(
    (response) => response.request().postData()?.includes('IntrospectionQuery'),
  );
  await navigate();
  await (await introspected).finished();
  await page.waitForSelector(`${queryPane} .view-line`);
  await page.waitForSelector(`${variablesPane} .view-line`);
}

async function switchTo(tab) {
  await page.locator('.graphiql-tab-button', { hasText: tab }).click();
  // What GraphiQL runs lags behind what it shows; it has caught up when it saves.
  await page.waitForFunction((name) => localStorage.getItem('graphiql:query')?.includes(` ${name}`), tab);
}

/** Runs the open tab's operation, or the named one of several, and waits for its answer. */
async function run(operation) {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.click('.graphiql-execute-button');
  if (operation) await page.getByRole('menuitem', { name: operation }).click();
  await (await answered).finished();
}

async function waitForText(pane, ...patterns) {
  let text;
  const missing = () => patterns.filter((pattern) => !new RegExp(pattern).test(text));
  for (const end = Date.now() + deadline; ; await page.waitForTimeout(50)) {
    // The editor's spaces are no-break ones.
    text = (await page.locator(pane).innerText()).replaceAll('\u00a0', ' ');
    if (missing().length === 0) return text;
    assert.ok(Date.now() < end, `${pane} lacks ${missing().join(', ')}:\n${text}`);
  }
}

step('first visit', async () => {
  assert.deepEqual(await page.locator('.graphiql-tab-button').allInnerTexts(), [
    'SendEvent',
    'SendOnce',
    'SendSeveral',
    'SendMany',
    'DryRun',
    'ShadowRule',
    'Why',
    'EventLog',
    'WhatFailed',
    'Keys',
    'AuditLog',
  ]);
  await waitForText(queryPane, 'mutation SendEvent');
  await waitForText(variablesPane, '"low_stock_alert"');
});

step('SendEvent', async () => {
  await run();
  const text = await waitForText(resultPane, '"success": true');
  // Where Temporal takes more than the answer's two seconds, as at its start it may.
  if (!text.includes('"runID"')) await run();
  await waitForText(resultPane, '"success": true', '"runID": "[^"]+"');
});

step('SendOnce', async () => {
  await switchTo('SendOnce');
  await run();
  await waitForText(resultPane, '"success": true');
  await run();
  await waitForText(resultPane, '"success": true', '"duplicate": true');
});

step('SendSeveral', async () => {
  await switchTo('SendSeveral');
  await run();
  await waitForText(resultPane, '"lowStock"', '"rushOrder"', '"complaint"', '("success": true[^]+){3}');
});

step('SendMany', async () => {
  await switchTo('SendMany');
  await run();
  await waitForText(resultPane, '("eventID": "[^"]+"[^]+){2}', '"code": "UNKNOWN_OPERATION"');
});

step('DryRun', async () => {
  await switchTo('DryRun');
  await run();
  await waitForText(resultPane, '"testCustomEvent"', '"outcome": "STARTED"', '"verdict": "MATCHED"', '"workflowID"');
});

step('ShadowRule', async () => {
  await switchTo('ShadowRule');
  await run();
  await waitForText(resultPane, '"state": "SHADOW"');
});

step('Why', async () => {
  await switchTo('SendEvent'); // the shadow rule wants another warehouse than its event has
  await run();
  await waitForText(resultPane, '"success": true');
  await switchTo('Why');
  await run();
  await waitForText(resultPane, '"rule": "try-large-reorders"', '"verdict": "FILTERED"');
});

step('EventLog', async () => {
  await switchTo('EventLog');
  await run();
  await waitForText(resultPane, '"(item-43|batch-7)"', '"dispatches"', '"decisions"');
});

step('WhatFailed', async () => {
  await switchTo('WhatFailed');
  await run('WhatFailed');
  await waitForText(resultPane, '"nodes": \\[');
  await run('Redrive');
  await waitForText(resultPane, '"redriven": \\d+');
});

step('the key is in the header editor', async () => {
  await page.locator('.graphiql-editor-tools button', { hasText: 'Headers' }).click();
  await waitForText(headersPane, '"Authorization": "Bearer sbx_[0-9a-f]{32}_[A-Za-z0-9_-]{43}"');
  await page.locator('.graphiql-editor-tools button', { hasText: 'Variables' }).click();
});

step('Keys', async () => {
  await switchTo('Keys');
  await run('CreateKey');
  await waitForText(resultPane, '"secret":\\s*"sbx_[^"]+"', '"events:send:inventory/\\*"');
  await run('Keys');
  await waitForText(resultPane, '"tenant": "default"', '"name": "warehouse"', '"name": "signalbox-dev"');
});

step('AuditLog', async () => {
  await switchTo('AuditLog');
  await run();
  await waitForText(resultPane, '"kind": "KEY"', '"kind": "RULE"', '"name": "try-large-reorders"');
});

step('numbers keep their digits', async () => {
  const precise = '9007199254740993.10000000000000000001';
  await switchTo('SendEvent');
  await page.locator(`${variablesPane} span:text-is("3")`).dblclick();
  await page.keyboard.insertText(precise);
  await waitForText(variablesPane, `"current": ${precise},`);
  await run();
  await waitForText(resultPane, '"success": true');

  await switchTo('EventLog');
  await run();
  await waitForText(resultPane, `"current": ${precise}`);
});

step('documentation', async () => {
  await page.click('[aria-label="Show Documentation Explorer"]');
  await page.click('.graphiql-doc-explorer a:text-is("Mutation")');
  await page.waitForSelector('.graphiql-doc-explorer a:text-is("sendCustomEvent")');
  await page.click('[aria-label="Hide Documentation Explorer"]');
});

step('completion and validation', async () => {
  await page.click('.graphiql-tab-add');
  await page.click(queryPane);
  await page.keyboard.type('{ eve');
  await page.waitForSelector('.suggest-widget.visible .monaco-list-row:has-text("events")');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.graphiql-query-editor .squiggly-error', { state: 'attached' });
});

step('a reload keeps the tabs', async () => {
  await switchTo('SendMany');
  // GraphiQL saves half a second after a change.
  await page.waitForFunction(() => JSON.parse(localStorage.getItem('graphiql:tabState')).activeTabIndex === 3);
  await open(() => page.reload());
  await page.waitForFunction(() => document.querySelectorAll('.graphiql-tab').length === 12);
  await waitForText(queryPane, 'mutation SendMany');
  await waitForText(variablesPane, '"reorder_point_reached"');
  await run(); // the key goes with it still
  await waitForText(resultPane, '"eventID"');
});

step('dark', async () => {
  const background = (color) =>
    page.waitForFunction(
      (want) => getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor === want,
      color,
    );
  await page.emulateMedia({ colorScheme: 'light' });
  await background('rgb(255, 255, 255)');
  await page.emulateMedia({ colorScheme: 'dark' });
  await background('rgb(33, 42, 59)');
});

step('a narrow window has the answer below the editors', async () => {
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const [editors, response] = await Promise.all(
    ['.graphiql-editors', '.graphiql-response'].map((part) => page.locator(part).boundingBox()),
  );
  assert.ok(response.y >= editors.y + editors.height, 'the answer begins where the editors end');
  assert.ok(response.width > 250 && response.height > 250, `there is room for the answer: ${JSON.stringify(response)}`);
  await page.setViewportSize({ width, height });
});
