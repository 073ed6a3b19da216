// What stories of the phone page share: an enrolled phone, a knock, what the page holds, a browser of its own that can be killed.
import { spawn } from 'node:child_process';
import { deflateSync } from 'node:zlib';
import { chromium } from 'playwright-core';

export const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Waits until `look` gives something true, and returns it. */
export async function eventually(look, words, timeout = 60_000) {
  for (const end = Date.now() + timeout; ; await new Promise(resolve => { setTimeout(resolve, 300); })) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(words);
  }
}
/** What the page holds: the mirror of its database, without pictures' bytes. */
export const held = page => page.evaluate(async () => {
  const { model } = await import(new URL('store.js', document.querySelector('script[type=module]').src));
  return { device: model.meta.enrolment?.device_id, photos: model.photos.map(p => p.blob.size), sent: model.sent, outbox: model.outbox, receipts: model.receipts };
});

/** A PNG of `size` pixels a side, more than a phone sends as it is. */
export function picture(size) {
  let state = 7;
  const noise = () => { state = (state * 1103515245 + 12345) % 2147483648; return (state >> 8) % 16; };
  const rows = Buffer.alloc(size * (size * 3 + 1));
  for (let i = 0; i < rows.length; i += 1) rows[i] = i % (size * 3 + 1) ? noise() : 0;
  const table = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE((body.reduce((c, b) => table[(c ^ b) & 0xff] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0, body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** What the stories do with a phone of this `service`, in this `browser`. */
export function phoneTools({ service, browser }) {
  const supervisor = service.command('token', 's01').trim().split(/\s+/)[0];
  const api = async (path, init = {}) => (await fetch(service.url + path, { ...init, headers: { authorization: `Bearer ${supervisor}`, ...init.headers } }));
  const visits = async () => (await (await api('/v1/export/visits.csv')).text()).split('\n');
  const codeFor = user => service.command('enrol-code', user).trim().split(/\s+/)[0];
  const set = page => page.evaluate(() => ({ ...document.documentElement.dataset }));
  const until = (page, attributes, timeout = 120_000) => page.waitForFunction(wanted => Object.entries(wanted).every(([k, v]) => document.documentElement.dataset[k] === v), attributes, { timeout });

  /** A page whose faults are kept; `base` is the address of the service or of a proxy before it. */
  async function phone(base, { context, language = 'en', width = 390, theme = 'light', scale = 1 } = {}) {
    const own = context ?? await browser.newContext({
      viewport: { width, height: 844 }, colorScheme: theme, locale: language === 'zh' ? 'zh-CN' : 'en-GB', deviceScaleFactor: scale, reducedMotion: 'reduce',
      permissions: ['geolocation'], geolocation: { longitude: 112.97, latitude: 34.75, accuracy: 12 },
    });
    const page = await own.newPage(), faults = [];
    page.on('pageerror', e => faults.push(`script: ${e.message}`));
    page.on('console', m => { if (m.type() === 'error' && !/status of [45]\d\d|ERR_|Failed to load/.test(m.text())) faults.push(`console: ${m.text()}`); });
    page.on('request', r => { if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) faults.push(`foreign request: ${r.url()}`); });
    return { context: own, page, faults };
  }
  async function enrolled(base, user = 'e01', options = {}) {
    const all = await phone(base, options);
    await all.page.goto(`${base}/phone/enrol#${codeFor(user)}`);
    await all.page.click('[data-act=enrol]');
    await until(all.page, { ready: 'true' });
    await all.page.click('main a[href="/phone/"]');
    await all.page.waitForSelector('[data-case]');
    return all;
  }
  const rows = page => page.locator('ul.doors [data-case]');
  /** Records an outcome at the n-th door of the list; returns its case. */
  async function knock(page, n, outcome) {
    const row = rows(page).nth(n), id = await row.getAttribute('data-case');
    await row.click();
    await page.click(`#knock [data-outcome=${outcome}]`);
    return id;
  }
  const dismiss = page => page.click('[data-act=dismiss]');
  return { api, visits, codeFor, set, until, phone, enrolled, rows, knock, dismiss };
}

/** A Chromium of its own process over a directory that outlives it. */
export async function ownBrowser(dir) {
  const child = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', [...args, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${dir}`, '--lang=en-GB', 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const address = await new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', part => { text += part; const found = text.match(/DevTools listening on (ws:\S+)/); if (found) resolve(found[1]); });
    child.once('exit', () => reject(new Error(text)));
  });
  const browser = await chromium.connectOverCDP(address);
  const context = browser.contexts()[0], page = context.pages()[0] ?? await context.newPage();
  await page.setViewportSize({ width: 390, height: 844 });
  return {
    page,
    /** Ends the whole process group without a word, as a dead battery would. */
    kill: () => new Promise(resolve => { child.once('exit', resolve); process.kill(-child.pid, 'SIGKILL'); }),
  };
}
