import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is a browser to test with; says so once if there is none. */
export function hasChromium(): boolean {
  const found = existsSync(EXECUTABLE);
  if (!found) {
    console.warn(
      `tests in a browser are skipped: ${EXECUTABLE} is not installed (Debian's package chromium; ` +
        'or set CHROMIUM to its path)',
    );
  }
  return found;
}

/** Starts a headless Chromium with a profile of its own, which asks nobody for anything. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
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
