import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

/** Starts the Chromium of this machine, with a profile of its own. */
export function launchChromium() {
  return chromium.launch({
    executablePath: findOnPath('chromium'),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function findOnPath(name) {
  for (const dir of process.env.PATH.split(delimiter)) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`There is no ${name} on PATH. Install it: apt-get install ${name}`);
}

/**
 * Collects whatever a page does that it must not: errors of any kind, requests that
 * fail or leave the origin, and breaches of its own content security policy.
 */
export async function collectFaults(page, origin) {
  const faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => faults.push(`page error: ${error.stack}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== origin) faults.push(`request to another origin: ${url}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    // The editor restarts its workers as it likes, and a reload stops everything;
    // either cuts off a script that is still loading.
    const { errorText } = request.failure();
    if (errorText !== 'net::ERR_ABORTED') faults.push(`request failed: ${request.url()} ${errorText}`);
  });
  await page.exposeFunction('reportViolation', (violation) => faults.push(`policy: ${violation}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) =>
      window.reportViolation(`${violatedDirective} blocked ${blockedURI} (${sourceFile}:${lineNumber})`),
    );
  });
  return faults;
}
