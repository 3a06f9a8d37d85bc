import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { addressOf, type Route } from '../../src/dashboard/router.js';
import { HAS_CHROMIUM, launchChromium } from '../support/dashboard-browser.js';
import { HOSTILE_NAMES } from '../support/dashboard-night.js';
import { DashboardService } from '../support/dashboard-service.js';

const SCREENS: readonly Route[] = [
  { screen: 'overview' },
  { screen: 'batches' },
  { screen: 'batch', id: 1 },
  { screen: 'plan', id: 2 },
  { screen: 'machine', id: 100_077 },
  { screen: 'schedules' },
  { screen: 'reports' },
  { screen: 'workers' },
  { screen: 'tokens' },
];

const CONTROLS = new Set([
  'button',
  'checkbox',
  'combobox',
  'link',
  'progressbar',
  'radio',
  'searchbox',
  'slider',
  'textbox',
]);

if (!HAS_CHROMIUM) console.warn('Chromium is missing: the dashboard is not tried in a browser');

describe.skipIf(!HAS_CHROMIUM)('the dashboard in Chromium', () => {
  let browser: Browser;
  const shots = mkdtempSync(join(tmpdir(), 'xenferry-dashboard-'));

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    if (process.env.XENFERRY_KEEP_SCREENSHOTS === undefined) rmSync(shots, { recursive: true, force: true });
    else console.log(`screenshots: ${shots}`);
  });

  interface Visit {
    readonly page: Page;
    readonly service: DashboardService;
    /** What the browser complained about. */
    readonly complaints: string[];
  }

  async function visit(
    options: BrowserContextOptions & { token?: string; machines?: number } = {},
  ): Promise<Visit> {
    const { token = 'all-token', machines = 300, ...contextOptions } = options;
    const service = new DashboardService(machines);
    const origin = await service.start();
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...contextOptions });
    onTestFinished(async () => {
      await context.close();
      service.close();
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(origin);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    return { page, service, complaints };
  }

  async function show(page: Page, route: Route): Promise<void> {
    await page.evaluate(`location.hash = ${JSON.stringify(addressOf(route))}`);
    await page.locator('main h1').waitFor();
    await page.locator('main [aria-busy]').waitFor({ state: 'detached' });
  }

  async function shoot(page: Page, name: string): Promise<void> {
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { captureBeyondViewport: true });
    await session.detach();
    writeFileSync(join(shots, `${name}.png`), Buffer.from(data, 'base64'));
  }

  it('lets nobody in with a token that is not known, and says why', async () => {
    const service = new DashboardService(10);
    const page = await browser.newPage();
    onTestFinished(async () => {
      await page.close();
      service.close();
    });
    await page.goto(await service.start());
    await page.getByLabel('Token').fill('guessed');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').innerText()).toContain('The token is not known.');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('keeps the token in the tab, and forgets it with sign-out', async () => {
    const { page } = await visit();
    await page.reload();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain('all-token');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('shows the night at a glance', async () => {
    const { page } = await visit();
    const night = page.getByRole('article');
    await night.getByText('On course to end at').waitFor();
    const text = await night.innerText();
    expect(text).toMatch(/before the window “night” ends/);
    expect(text).toContain('Held back by source read on esx03.');
    expect(text).toMatch(/Done\s+\d+\s+of 300/);
    expect(await page.getByRole('region', { name: 'Needs a hand' }).innerText()).toContain(
      'failed: disk 2: grain 118 points outside the file',
    );
    await shoot(page, 'overview');
  });

  it('reads the timeline out machine by machine', async () => {
    const { page } = await visit();
    const timeline = page.getByRole('slider', { name: 'Machines on the timeline' });
    await timeline.focus();
    await page.keyboard.press('Home');
    expect(await timeline.getAttribute('aria-valuetext')).toMatch(/^web0000 · done · \d\d:\d\d–\d\d:\d\d$/);
    await page.keyboard.press('ArrowRight');
    expect(await timeline.getAttribute('aria-valuetext')).toMatch(/^db0001 · done/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'db0001', level: 1 }).waitFor();
  });

  it('gives an order only when it was confirmed, having said what will happen', async () => {
    const { page, service, complaints } = await visit({ token: 'do-token' });
    const pause = page.getByRole('button', { name: 'Pause batch Shop, second night' });
    await pause.click();
    const dialog = page.getByRole('dialog', { name: 'Pause batch “Shop, second night”?' });
    await dialog.waitFor();
    expect(await dialog.innerText()).toContain('8 running machines stop at the next safe block');
    await shoot(page, 'dialog');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(service.orders).toEqual([]);
    expect(await page.evaluate('document.activeElement.innerText')).toContain('Pause');

    await pause.click();
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('status').filter({ hasText: 'Ordered: pause batch Shop, second night.' }).waitFor();
    expect(service.orders).toMatchObject([{ verb: 'pause', scope: 'batch', subject: '' }]);
    await page.getByText(/^Paused with \d+ machines left$/).waitFor();
    expect(complaints).toEqual([]);
  });

  it('offers a viewer nothing that a viewer may not', async () => {
    const { page } = await visit({ token: 'see-token' });
    for (const route of SCREENS.filter(({ screen }) => screen !== 'tokens')) {
      await show(page, route);
      const buttons = await page.locator('main').getByRole('button').allInnerTexts();
      expect(
        buttons.filter((text) =>
          /pause|cancel|retry|roll back|delete|new|plan again|start|actions|edit/i.test(text),
        ),
        addressOf(route),
      ).toEqual([]);
    }
    expect(await page.getByRole('link', { name: 'Tokens' }).count()).toBe(0);
  });

  it('orders for one machine with what its state allows', async () => {
    const { page, service } = await visit();
    await show(page, { screen: 'batch', id: 1 });
    await page.getByLabel('State').selectOption('failed');
    await page.getByRole('button', { name: 'Actions for app0077' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain('Blocks that are safe are not moved again');
    await dialog.getByRole('button', { name: 'Retry' }).click();
    await expect
      .poll(() => service.orders)
      .toMatchObject([{ verb: 'retry', scope: 'machine', subject: 'vm-77' }]);
  });

  it('takes a machine back when that was confirmed, and tells so with its time', async () => {
    const { page, service, complaints } = await visit({ token: 'do-token' });
    const id = service.jobs[0]?.id ?? 0;
    await show(page, { screen: 'machine', id });
    const changes = page.locator('section', {
      has: page.getByRole('heading', { name: 'Changes at the source' }),
    });
    expect(await changes.innerText()).toMatch(/Stays\s+Guest shut down/);
    await shoot(page, 'moved');
    const rollBack = page.getByRole('button', { name: 'Roll back' });
    await rollBack.click();
    const dialog = page.getByRole('dialog', { name: 'Roll back web0000?' });
    expect(await dialog.innerText()).toContain('Source: start the machine');
    await shoot(page, 'roll-back');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(service.rollbacks).toEqual([]);
    await rollBack.click();
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await page.getByRole('status').filter({ hasText: 'web0000 is being rolled back' }).waitFor();
    expect(service.rollbacks).toEqual([{ job: id, body: { force: false } }]);
    service.change(0, { state: 'rolledBack', rolledBackAt: service.now - 120_000 });
    await page.locator('main').getByText('Rolled back', { exact: true }).first().waitFor();
    expect(await changes.innerText()).toMatch(/Taken back\s+Guest shut down/);
    expect(await rollBack.count()).toBe(0);
    for (const [name, width, colorScheme] of [
      ['narrow', 360, 'light'],
      ['narrow-dark', 360, 'dark'],
      ['wide-dark', 1280, 'dark'],
      ['wide', 1280, 'light'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await shoot(page, `rolled-back-${name}`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width);
    }
    await show(page, { screen: 'batch', id: 1 });
    expect(await page.locator('.legend').first().innerText()).toMatch(/1\s+rolled back/);
    await page.getByLabel('State').selectOption('rolledBack');
    await page.getByRole('link', { name: 'web0000' }).waitFor();
    await shoot(page, 'batch-rolled-back');
    expect(complaints).toEqual([]);
  });

  it('shows changes as they happen, without asking for the page again', async () => {
    const { page, service } = await visit();
    await show(page, { screen: 'batch', id: 1 });
    await page.getByText('Live', { exact: true }).waitFor();
    const row = page.getByRole('row').filter({ hasText: 'web0000' });
    await row.getByText('Done').waitFor();
    service.change(0, {
      state: 'failed',
      error: { code: 'VERIFY_MISMATCH', message: 'disk 0 differs', hint: 'Retry.' },
    });
    await row.getByText('Failed').waitFor();
    await row.getByText('disk 0 differs').waitFor();
  });

  it('moves progress between events', async () => {
    const { page, service } = await visit();
    const index = service.jobs.findIndex(({ state }) => state === 'converting');
    const { id = 0, dataBytes = 0 } = service.jobs[index] ?? {};
    await show(page, { screen: 'machine', id });
    await page.getByText('Live', { exact: true }).waitFor();
    service.progress(index, dataBytes * 0.875);
    await page.getByText(/^Convert · 87 % ·/).waitFor();
  });

  it('says when it is cut off, and goes on where it was when the service is back', async () => {
    const { page, service } = await visit();
    await page.getByText('Live', { exact: true }).waitFor();
    service.change(0, {});
    await page.waitForTimeout(200);
    service.refuse(true);
    await page.getByText(/What you see is .* old/).waitFor();
    await page.getByRole('article').waitFor();
    await shoot(page, 'disconnected');
    service.refuse(false);
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(service.streamsFrom.at(-1)).toBe('1');
    expect(await page.getByText(/What you see is .* old/).count()).toBe(0);
  });

  it('edits the plan by its form, and the text keeps its comments', async () => {
    const { page, service, complaints } = await visit();
    await show(page, { screen: 'plan', id: 2 });
    const text = page.getByLabel('Migration file');
    await page.getByRole('checkbox', { name: 'Take shop07' }).uncheck();
    await page.getByLabel('What VM Network becomes').fill('DMZ');
    await page.keyboard.press('Tab');
    expect(await text.inputValue()).toContain('shop07:\n    skip: true\n');
    expect(await text.inputValue()).toContain(
      'networks:\n  # Checked with the network team.\n  - {from: VM Network, to: DMZ}',
    );
    expect(await page.getByRole('button', { name: 'Start' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Plan again' }).click();
    await page.getByText('23 machines of 25 taken').waitFor();
    expect(service.migration).toBe(await text.inputValue());
    expect(await page.getByRole('checkbox', { name: 'Take shop07' }).isChecked()).toBe(false);
    expect(await page.getByRole('button', { name: 'Start' }).isEnabled()).toBe(true);
    await shoot(page, 'plan');
    expect(complaints).toEqual([]);
  });

  it('names the line of a text that is no YAML, and does not plan it', async () => {
    const { page } = await visit();
    await show(page, { screen: 'plan', id: 2 });
    await page.getByLabel('Migration file').fill('version: 1\nwaves: [pilot\n');
    await page
      .getByText(/^Line [23]: /)
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: 'Plan again' }).isDisabled()).toBe(true);
  });

  it('shows hostile names as what they are', async () => {
    const { page, service, complaints } = await visit({ viewport: { width: 360, height: 800 } });
    await show(page, { screen: 'batch', id: 1 });
    await page.getByLabel('State').selectOption('planned');
    await page.getByRole('link', { name: HOSTILE_NAMES[0], exact: true }).waitFor();
    expect(
      await page.evaluate('document.querySelectorAll("main img, main script, [onerror], [onload]").length'),
    ).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    for (const name of HOSTILE_NAMES) {
      const { id = 0 } = service.jobs.find((job) => job.name === name) ?? {};
      await show(page, { screen: 'machine', id });
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(360);
      expect(await page.title()).toBe('Xenferry');
    }
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(HOSTILE_NAMES[5]);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['360 pixels', { viewport: { width: 360, height: 780 } }, 360],
    ['200 % zoom', { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }, 640],
  ] as const)('needs no scrolling to the side at %s', async (_name, options, width) => {
    const { page } = await visit(options);
    for (const route of SCREENS) {
      await show(page, route);
      await shoot(page, `${route.screen}-${width}`);
      expect(
        await page.evaluate('document.documentElement.scrollWidth'),
        addressOf(route),
      ).toBeLessThanOrEqual(width);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('navigation').getByRole('link', { name: 'Schedules' }).click();
    await page.getByRole('heading', { name: 'Schedules', level: 1 }).waitFor();
  });

  it('is dark where the device is, unless it was told otherwise', async () => {
    const { page } = await visit({ colorScheme: 'dark' });
    const paper = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await paper()).toBe('rgb(20, 23, 26)');
    for (const route of SCREENS) {
      await show(page, route);
      await shoot(page, `${route.screen}-dark`);
    }
    await page.getByLabel('Colours').selectOption('light');
    expect(await paper()).toBe('rgb(251, 250, 248)');
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await paper()).toBe('rgb(251, 250, 248)');
  });

  it('is used with the keyboard alone', async () => {
    const { page, service } = await visit();
    await page.reload();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.innerText')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');

    await show(page, { screen: 'batch', id: 1 });
    await tabTo(page, 'Machines, scrollable');
    // One that is done takes no orders.
    const place = service.jobs.findIndex(({ state }, index) => index > 59 && state === 'converting');
    for (let press = 0; press <= place; press += 1) await page.keyboard.press('ArrowDown');
    const job = service.jobs[place];
    await expect.poll(() => page.evaluate('document.activeElement.innerText')).toBe(job?.name);
    expect(await page.evaluate(IN_VIEW)).toBe(true);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      `Actions for ${job?.name}`,
    );
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    for (let press = 0; press < 8; press += 1) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate(
          'document.activeElement === document.body || !!document.activeElement.closest("dialog")',
        ),
      ).toBe(true);
    }
    await page.keyboard.press('Escape');
    await expect
      .poll(() => page.evaluate('document.activeElement.getAttribute("aria-label")'))
      .toBe(`Actions for ${job?.name}`);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: job?.name ?? '', level: 1 }).waitFor();
  });

  it('has a name for every control, a heading for every screen and no complaint of the browser', async () => {
    const { page, complaints } = await visit();
    const session = await page.context().newCDPSession(page);
    for (const route of SCREENS) {
      await show(page, route);
      await page.waitForTimeout(150);
      const { nodes } = await session.send('Accessibility.getFullAXTree');
      const shown = nodes.filter(({ ignored }) => !ignored);
      const nameless = shown.filter(
        ({ role, name }) => CONTROLS.has(String(role?.value)) && !String(name?.value ?? '').trim(),
      );
      expect(
        nameless.map(({ role }) => role?.value),
        addressOf(route),
      ).toEqual([]);
      const roles = shown.map(({ role }) => String(role?.value));
      expect(roles).toEqual(
        expect.arrayContaining(['banner', 'navigation', 'main', 'contentinfo', 'heading']),
      );
      expect(await page.getByRole('heading', { level: 1 }).count(), addressOf(route)).toBe(1);
    }
    expect(complaints).toEqual([]);
  });

  it('stays at hand with 10,000 machines', async () => {
    const { page, service } = await visit({ machines: 10_000 });
    await show(page, { screen: 'batch', id: 1 });
    await page.evaluate(WATCH_LONG_TASKS);
    await tabTo(page, 'Machines, scrollable');
    for (let loaded = 0; loaded < 10_000; ) {
      await page.keyboard.press('End');
      await page.waitForTimeout(30);
      loaded = Number(await page.evaluate('document.querySelector("xenferry-job-table").rows.length'));
    }
    await page.keyboard.press('End');
    await expect
      .poll(() => page.evaluate('document.activeElement.innerText'))
      .toBe(service.jobs.at(-1)?.name);
    for (let press = 0; press < 40; press += 1) await page.keyboard.press('PageUp');
    expect(await page.locator('tbody.rows tr').count()).toBeLessThan(100);
    // Half a second is what a hand notices as stuck; the machine may be busy with other tests meanwhile.
    expect(Number(await page.evaluate('window.longestTask'))).toBeLessThan(500);
  });
});

const IN_VIEW = `(() => {
  const row = document.activeElement.getBoundingClientRect();
  const box = document.activeElement.closest('.jobs').getBoundingClientRect();
  return row.top >= box.top && row.bottom <= box.bottom;
})()`;

const WATCH_LONG_TASKS = `window.longestTask = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) window.longestTask = Math.max(window.longestTask, duration);
}).observe({ entryTypes: ['longtask'] });`;

/** Presses Tab until what is called so has the focus. */
async function tabTo(page: Page, label: string): Promise<void> {
  for (let press = 0; press < 80; press += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.getAttribute("aria-label")')) === label) return;
  }
  throw new Error(`Tab does not lead to ${label}`);
}
