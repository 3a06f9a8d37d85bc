import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Where all tests must run, a missing one is a failure. */
export const HAS_CHROMIUM = existsSync(CHROMIUM) || process.env.CI !== undefined;

/** Chromium of this machine; without its sandbox for root, who cannot have one. */
export function launchChromium(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: CHROMIUM, args });
}
