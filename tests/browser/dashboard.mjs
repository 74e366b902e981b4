// The dashboard of a live simulated session in a headless Chromium.
// usage: dashboard.mjs TAPELINE LEAKY_PROCESS FOLDER   (TAPELINE_CHROMIUM: the browser)

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Session, sleep, start, stop, until } from './session.mjs';

const [tapeline, leakyProcess, folder] = process.argv.slice(2);
const text = (page, id) => page.locator('#' + id).textContent();
const numberOf = written => Number(written.replaceAll(',', ''));
const shot = (page, name) => page.screenshot({ path: join(folder, name + '.png'), fullPage: true });

// Everything that a page must not do, noted as it happens.
function watch(page, origin) {
  const seen = { outside: [], errors: [], consoleErrors: [] };
  page.on('request', request => { if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) seen.outside.push(request.url()); });
  page.on('pageerror', error => seen.errors.push(String(error)));
  page.on('console', message => { if (message.type() === 'error') seen.consoleErrors.push(message.text()); });
  return seen;
}

async function valuesMove(page) {
  const before = await page.evaluate(() => {
    globalThis.keptRow = document.querySelector('#channels tbody tr');
    globalThis.keptPlot = document.querySelector('#c-rate .uplot');
    return keptRow.cells[5].textContent;
  });
  await until('another sequence number', async () => await page.evaluate(() => keptRow.cells[5].textContent) !== before);
  assert.ok(numberOf(await text(page, 't-messages')) > 1000, 'message rate');
  assert.ok(await page.evaluate(() => keptRow.isConnected && keptPlot.isConnected), 'rows and curves are changed in place');
}

// Once the exchange is silent the page and /status have to say the same.
async function equalsStatus(page, session) {
  const expected = status => {
    const channel = status.feeds[0].channels[0];
    const pool = status.pools.serialization;
    return {
      sequence: String(channel.expected_sequence), lost: String(channel.lost_messages), state: 'in sync',
      won: channel.lines.map(line => (line.share_won * 100).toFixed(1) + ' %'),
      pool: [pool.in_use, pool.peak_in_use, pool.refusals].map(n => n.toLocaleString('en-US')),
      symbol: status.markets[0].top[0].symbol, volume: status.markets[0].top[0].volume.toLocaleString('en-US'),
      vwap: status.markets[0].top[0].vwap.toFixed(4), archive: status.archives[0].ring_depth + ' of ' + status.archives[0].ring_capacity,
    };
  };
  const shown = () => page.evaluate(() => {
    const cells = selector => [...document.querySelectorAll(selector + ' tbody tr')].map(row => [...row.cells].map(cell => cell.textContent));
    const [channel] = cells('#channels'), [pool] = cells('#pools'), [top] = cells('#market');
    return { sequence: channel[5], lost: channel[7], state: channel[1], won: cells('#lines').map(line => line[4]),
      pool: [pool[2], pool[4], pool[12]], symbol: top[0], volume: top[1], vwap: top[3].replaceAll(',', ''), archive: cells('#archives')[0][5] };
  });
  let last;
  await until('page that equals /status', async () => {
    last = [await shown(), expected(await session.status())];
    return JSON.stringify(last[0]) === JSON.stringify(last[1]);
  }).catch(error => assert.deepEqual(...last, error.message));
}

async function worksByKeyboard(page) {
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  for (const name of ['1 min', '5 min', '15 min', 'Pause', 'Theme: auto']) {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), name);
  }
  for (const theme of ['light', 'dark', undefined]) {
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
  }
}

async function fitsInto(page, width) {
  await page.setViewportSize({ width, height: 900 });
  await sleep(400);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `no sideways scrolling at ${width}`);
}

async function tellsLostConnection(page, session) {
  assert.ok(await page.locator('#lost').isHidden());
  assert.equal(await stop(session.process), 0, session.process.text);
  await page.locator('#lost').waitFor({ state: 'visible', timeout: 8000 });
  assert.equal(await text(page, 'verdict'), 'connection lost');
  await shot(page, 'dashboard-lost');
  await session.run();
  await page.locator('#lost').waitFor({ state: 'hidden', timeout: 8000 });
  assert.notEqual(await text(page, 'verdict'), 'connection lost');
}

async function liveSession(browser) {
  const session = await Session.make(tapeline, folder);
  try {
    await session.run();
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    const seen = watch(page, session.url);
    session.simulate(14, 60000, 'loss-a=0.5%,loss-b=0.5%,delay-b=300us,reorder-b=1%x8');
    await page.goto(session.url);
    await page.getByRole('button', { name: '1 min' }).click();
    await page.locator('#channels tbody tr').waitFor();
    await valuesMove(page);
    await until('ten seconds of history', () => page.evaluate(() => rows.length >= 11), 20);
    await shot(page, 'dashboard-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await sleep(100);
    await shot(page, 'dashboard-dark');
    await fitsInto(page, 390);
    await shot(page, 'dashboard-390');
    await page.emulateMedia({ colorScheme: 'light' });
    await fitsInto(page, 1280);
    await until('quiet exchange', async () => (await session.status()).feeds[0].channels[0].messages_per_second === 0, 20);
    await equalsStatus(page, session);
    await page.reload();
    await worksByKeyboard(page);
    assert.deepEqual(seen.consoleErrors, []);
    await tellsLostConnection(page, session);
    assert.deepEqual([seen.outside, seen.errors], [[], []]);
    await page.close();
  } finally {
    await session.end();
  }
}

async function leak(browser) {
  const leaky = start(leakyProcess, []);
  try {
    const url = (await until('address of the leaky process', () => leaky.text.match(/http:\S+/)))[0];
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    const seen = watch(page, url);
    await page.goto(url);
    const reasons = page.locator('#reasons');
    await until('warning', async () => (await reasons.textContent()).includes('pool serialization: at least'));
    assert.match(await reasons.textContent(), /never fewer since: a leak, or a reader that falls behind/);
    assert.match(await page.locator('#pools tbody tr').first().textContent(), /may leak: \+\d+/);
    assert.equal(await text(page, 't-buffers-more'), 'serialization may leak');
    const held = async () => numberOf(await page.locator('#pools tbody tr').first().locator('td').nth(2).textContent());
    const first = await held();
    await until('more buffers in use', async () => await held() > first);
    await sleep(3000);
    await shot(page, 'dashboard-leak');
    assert.deepEqual(seen, { outside: [], errors: [], consoleErrors: [] });
    await page.close();
  } finally {
    await stop(leaky);
  }
}

const browser = await chromium.launch({ executablePath: process.env.TAPELINE_CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
try {
  await Promise.all([liveSession(browser), leakyProcess === '-' ? null : leak(browser)]);
  console.log('dashboard: values move and equal /status, nothing from outside, connection and leak are told');
} finally {
  await browser.close();
}
