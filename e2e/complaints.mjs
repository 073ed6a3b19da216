// Twenty things that people who use field software complain about, a check each, named by its number in the table of docs/phone.md.
// Closing line: "N passed, N failed".
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { check, need, tell } from './checks.mjs';
import { problem, proxyTo } from './proxy.mjs';
import { eventually, held, phoneTools, picture } from './phone_tools.mjs';
import { start } from './service.mjs';

const at = path => `[data-path="${path}"]`;
const service = await start(), browser = await launch();
const { api, visits, codeFor, set, until, phone, enrolled, rows, knock, dismiss } = phoneTools({ service, browser });
const send = (path, body) => api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const told = async id => (await api(`/v1/cases/${id}`)).json();
const screen = page => page.locator('[data-screen]').getAttribute('data-screen');
const next = page => page.click('[data-act=next]');

/** Begins an interview at the n-th door and lists one person; returns the door. */
async function begun(page, n, name = '张伟') {
  const id = await knock(page, n, 'interview');
  await page.waitForSelector('[data-screen=start]');
  await page.click(`${at('interview.respondent')} input[value=member]`);
  await page.click(`${at('household.household_type')} input[value=family]`);
  await next(page);
  await page.click('[data-act=add]');
  await page.fill(`${at('person.1.name')} input`, name);
  await page.click(`${at('person.1.sex')} input[value=m]`);
  return id;
}
/** Ends a form as partial, from wherever it is. */
async function partial(page) {
  await page.click('[data-act=screens]');
  await page.click('[data-to=end]');
  await page.click('[data-act=partial]');
}
/** Answers the offer of a further form with "later", where there is one. */
async function later(page) {
  await page.waitForFunction(() => document.querySelector('[data-screen=more]') || document.querySelector('ul.doors [data-case]'));
  while (await page.locator('[data-screen=more]').count()) {
    await page.click('[data-act=later]');
    await page.waitForTimeout(50);
  }
}
/** What was typed is on the disk 300 ms later. */
async function saved(page) {
  await page.waitForTimeout(600);
  await page.waitForFunction(() => /\d\d:\d\d/.test(document.querySelector('.fm-status')?.textContent ?? ''));
}
const sync = page => page.click('nav.bot a[href="/phone/sync"]');

try {
  await check('complaint 1: signed out in mid-form, nothing is lost and everything is sent later', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const id = await begun(page, 0);
    proxy.rule = ({ path }) => (path.startsWith('/v1/') && path !== '/v1/enrol' ? problem(401, 'not-signed-in') : undefined);
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.waitForSelector('.sync.bad');
    await page.fill(`${at('person.1.name')} input`, '张炜');
    await partial(page);
    await later(page);
    await until(page, { waiting: '2', drafts: '0' });
    proxy.rule = () => undefined;
    await page.goto(`${proxy.url}/phone/enrol#${codeFor('e01')}`);
    await page.click('[data-act=enrol]');
    await until(page, { waiting: '0' });
    const door = await told(id);
    need(door.interviews.length === 1 && door.interviews[0].persons[0].name === '张炜', JSON.stringify(door.interviews));
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 2: Back goes one screen; a draft that is deleted comes back within ten seconds', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await begun(page, 1);
    await page.goBack();
    need(await screen(page) === 'start', await screen(page));
    await page.goBack();
    await page.click('dialog[open] [data-act=nothing]');
    await until(page, { drafts: '0' });
    await page.click('[data-act=undo]');
    await until(page, { drafts: '1' });
    const { drafts } = await page.evaluate(async () => ({ drafts: (await import(new URL('store.js', document.querySelector('script[type=module]').src))).model.drafts }));
    need(JSON.stringify(drafts[0].data).includes('张伟'), 'the answers did not come back');
    await context.close();
    return faults;
  });

  await check('complaint 3: turning the phone empties nothing', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await begun(page, 2);
    await saved(page);
    for (const [width, height] of [[844, 390], [390, 844]]) {
      await page.setViewportSize({ width, height });
      need(await screen(page) === 'people' && await page.inputValue(`${at('person.1.name')} input`) === '张伟', `lost at ${width}`);
      need(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `too wide at ${width}`);
    }
    await page.reload();
    await page.waitForSelector('[data-screen=people]');
    need(await page.inputValue(`${at('person.1.name')} input`) === '张伟', 'lost when the page was loaded again');
    await context.close();
    return faults;
  });

  await check('complaint 4: forms begun stand at their doors with their age, and none goes by itself', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    const id = await begun(page, 3);
    await page.click('[data-act=leave]');
    await page.click('dialog [data-act=keep]');
    await until(page, { drafts: '1' });
    await page.evaluate(async () => {
      const { model, write } = await import(new URL('store.js', document.querySelector('script[type=module]').src));
      await write(['drafts'], tx => tx.store.put({ ...model.drafts[0], changed_at: Date.now() - 29 * 86_400_000 }));
    });
    await page.goto(`${service.url}/phone/`);
    await page.waitForSelector('ul.doors [data-case]');
    await sync(page);
    await page.click('[data-act=send]');
    await page.waitForFunction(() => !document.querySelector('[data-act=send]').disabled);
    need((await set(page)).drafts === '1', 'the draft is gone');
    await page.goto(`${service.url}/phone/case/${id}`);
    need((await page.textContent('main [data-draft]')).includes('29'), 'the age is not said');
    await context.close();
    return faults;
  });

  await check('complaint 5: what is unsent is counted on every screen, can be saved to a file, and the page asks to be installed', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await context.setOffline(true);
    const id = await knock(page, 4, 'no_answer');
    await dismiss(page);
    for (const path of ['booked', 'add', 'sync', '']) {
      await page.click(`nav.bot a[href="/phone/${path}"]`);
      await page.waitForSelector(`nav.bot a[href="/phone/${path}"][aria-current]`);
      need(/1/.test(await page.textContent('a.sync')), `not counted on /phone/${path}`);
    }
    await page.goto(`${service.url}/phone/case/${id}`);
    need(/1/.test(await page.textContent('a.sync')), 'not counted at the door');
    await page.evaluate(() => {
      const offer = new Event('beforeinstallprompt', { cancelable: true });
      offer.prompt = () => { window.asked = true; return Promise.resolve(); };
      dispatchEvent(offer);
    });
    await sync(page);
    await page.click('[data-act=install]');
    need(await page.evaluate(() => window.asked === true), 'the browser was not asked to install');
    need(await page.locator('[data-storage]').count() === 1, 'nothing is said of lasting storage');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=save]')]);
    const file = join(mkdtempSync('/tmp/doorknock-phone-'), 'waiting.json');
    await download.saveAs(file);
    need(JSON.parse(readFileSync(file, 'utf8')).records.some(r => r.case_id === id), 'the record is not in the file');
    await context.setOffline(false);
    await until(page, { waiting: '0' });
    await context.close();
    return faults;
  });

  await check('complaint 6: a fault is said in a sentence, with when it is tried again and what can be done', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    proxy.rule = ({ path }) => (path === '/v1/batches' ? problem(503, 'database-away', { 'retry-after': '30' }) : undefined);
    await knock(page, 5, 'no_answer');
    await dismiss(page);
    await sync(page);
    await page.waitForSelector('[data-fault=database-away]');
    const words = await page.textContent('[data-fault=database-away]');
    need(!words.includes('database-away') && /\d\d:\d\d/.test(words) && words.length > 40, words);
    need(await page.locator('[data-record][data-status=waiting]').count() === 1, 'the record is not listed');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 7: what arrived is not shown as failed, and is not sent as another', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const seen = [];
    proxy.rule = ({ method, path, body }) => {
      if (method !== 'POST' || path !== '/v1/batches') return undefined;
      const batch = JSON.parse(body);
      if (batch.records.length === 0) return undefined;
      seen.push(batch.batch_id);
      return seen.length === 1 ? 'cut-answer' : undefined;
    };
    const before = (await visits()).length;
    await knock(page, 6, 'no_answer');
    await dismiss(page);
    await eventually(() => seen.length >= 1, 'nothing was sent');
    await until(page, { waiting: '0' });
    need(seen.length === 2 && seen[0] === seen[1], `batches ${seen}`);
    need((await visits()).length === before + 1, 'it was stored twice');
    need((await held(page)).receipts.some(r => r.batch_id === seen[0] && r.counts.accepted === 1), 'no receipt of that batch');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 8: one record that cannot be taken blocks nobody, can be saved to a file, corrected and given up', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const bad = await rows(page).nth(8).getAttribute('data-case');
    proxy.rule = ({ path, body }) => (path === '/v1/batches' && body.includes(bad) ? problem(422, 'body-not-valid') : undefined);
    await context.setOffline(true);
    for (const n of [7, 8, 9]) await knock(page, n, 'no_answer');
    await dismiss(page);
    await context.setOffline(false);
    await sync(page);
    await page.click('[data-act=send]');
    await page.waitForSelector('li[data-status=refused]');
    await until(page, { waiting: '0' });
    need(await page.locator('li[data-status=refused]').count() === 1 && await page.locator('li[data-status=refused] [data-act=correct]').count() === 1, 'not offered for correction');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=save]')]);
    const file = join(mkdtempSync('/tmp/doorknock-phone-'), 'refused.json');
    await download.saveAs(file);
    need(JSON.parse(readFileSync(file, 'utf8')).records[0].case_id === bad, 'the record is not in the file');
    await page.click('li[data-status=refused] [data-act=discard]');
    await page.waitForSelector('li[data-status=refused]', { state: 'detached' });
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 9: a large photo is made small, goes in pieces that go on where they broke off, and holds nobody up', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const photo = join(mkdtempSync('/tmp/doorknock-phone-'), 'photo.png');
    writeFileSync(photo, picture(1700));
    const ranges = [];
    let cuts = 1, isFull = true;
    proxy.rule = ({ method, path, headers }) => {
      if (method !== 'PUT' || !path.startsWith('/v1/attachments/')) return undefined;
      if (isFull) return problem(429, 'device-quota', { 'retry-after': '60' });
      ranges.push(headers['content-range']);
      if (ranges.length === 2 && cuts) { cuts -= 1; return 'cut'; }
      return undefined;
    };
    const id = await knock(page, 10, 'vacant');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('.undo .file')]);
    await chooser.setFiles(photo);
    const [size] = await eventually(async () => { const { photos } = await held(page); return photos.length === 1 && photos; }, 'the picture is not kept');
    need(size <= 1_000_000, `${size} bytes`);
    await dismiss(page);
    await until(page, { waiting: '0' });
    need((await told(id)).visits.at(-1).outcome === 'vacant', 'the visit waits for its photo');
    isFull = false;
    await page.evaluate(async () => (await import(new URL('store.js', document.querySelector('script[type=module]').src))).setMeta('pictures_wait_until', 0));
    await sync(page);
    await eventually(async () => {
      if (await page.locator('[data-act=send]:enabled').count()) await page.click('[data-act=send]');
      return (await held(page)).photos.length === 0;
    }, 'the picture still waits');
    const begins = ranges.map(r => Number(r.match(/bytes (\d+)-/)[1]));
    need(begins.filter(b => b === 0).length === 1, `pieces began at ${begins}`);
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 10: six times slowed, a person is added and a knock stored without waiting', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    const client = await context.newCDPSession(page);
    await begun(page, 11);
    await client.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    const ms = await page.evaluate(async () => {
      const before = document.querySelectorAll('.fm-card').length, begin = performance.now();
      document.querySelector('[data-act=add]').click();
      while (document.querySelectorAll('.fm-card').length === before) await new Promise(done => { requestAnimationFrame(done); });
      return performance.now() - begin;
    });
    need(ms < 1500, `${Math.round(ms)} ms to add a person`);
    await context.close();
    return faults;
  });

  await check('complaint 11: an impatient second tap skips nothing', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await begun(page, 12);
    await page.waitForSelector('[data-act=next]:enabled');
    await page.evaluate(() => { document.querySelector('[data-act=next]').click(); document.querySelector('[data-act=next]').click(); });
    need(await screen(page) === 'person.1', await screen(page));
    await context.close();
    return faults;
  });

  await check('complaint 12: Back inside the roster stays in it, and the list makes the count', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await begun(page, 13);
    await page.click('[data-act=add]');
    await page.fill(`${at('person.2.name')} input`, '李娜');
    await next(page);
    await next(page);
    need(await screen(page) === 'person.2', await screen(page));
    await page.goBack();
    need(await screen(page) === 'person.1', `Back went to ${await screen(page)}`);
    await page.goBack();
    need(await screen(page) === 'people' && await page.locator('.fm-card').count() === 2, 'there are blank people');
    await context.close();
    return faults;
  });

  await check('complaint 13: a date of birth is three fields of digits, never a calendar', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await begun(page, 14);
    await next(page);
    const fields = await page.locator(`${at('person.1.birth')} input[data-part]`).evaluateAll(all => all.map(i => `${i.dataset.part} ${i.inputMode} ${i.type}`));
    need(fields.length === 3 && fields.every(f => / numeric text$/.test(f)), fields.join(', '));
    await page.fill(`${at('person.1.birth')} [data-part=y]`, '１９３５');
    need(await page.locator(`${at('person.1.birth')} [data-problem]`).count() === 0, 'a year alone is a fault');
    await context.close();
    return faults;
  });

  await check('complaint 14: a position that never comes holds nobody up; one that comes is kept with its accuracy', async () => {
    const { context, page, faults } = await phone(service.url);
    await page.addInitScript(() => { if (!localStorage.getItem('located')) navigator.geolocation.getCurrentPosition = () => {}; });
    await page.goto(`${service.url}/phone/enrol#${codeFor('e01')}`);
    await page.click('[data-act=enrol]');
    await until(page, { ready: 'true' });
    await page.click('main a[href="/phone/"]');
    await knock(page, 15, 'no_answer');
    await until(page, { waiting: '1' });
    await dismiss(page);
    await until(page, { waiting: '0' });
    await page.evaluate(() => localStorage.setItem('located', '1'));
    await page.reload();
    await page.waitForSelector('ul.doors [data-case]');
    await knock(page, 15, 'no_answer');
    await eventually(async () => (await held(page)).outbox.some(e => e.record.position?.accuracy_m === 12), 'no accuracy');
    await context.close();
    return faults;
  });

  await check('complaint 15: the open doors are found among all, and what colleagues did stands there with name and time', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    const count = async tab => Number(await page.textContent(`[data-tab=${tab}] b`));
    need(await count('todo') < await count('all'), 'nothing is sorted out');
    const { items } = await (await api('/v1/cases?area=410181004006-06&state=completed&limit=20')).json();
    const doors = await Promise.all(items.map(item => told(item.id)));
    const done = doors.find(door => door.interviews.some(i => i.current && i.enumerator && i.enumerator !== 'e01'));
    await page.click('[data-tab=all]');
    await page.fill('[name=find]', [done.building, done.unit, done.room].filter(Boolean).join('-'));
    const words = await page.textContent(`[data-case="${done.id}"] .w`);
    need(/[\u4e00-\u9fff]{2,}/.test(words) && /\d\d:\d\d/.test(words), `who completed it, and when, is not said: ${words}`);
    await page.fill('[name=find]', '');
    await page.click('[data-tab=todo]');
    await page.waitForFunction(() => document.querySelector('ul.doors [data-case]') && !document.querySelector('ul.doors [data-state=completed]'));
    await context.close();
    return faults;
  });

  await check('complaint 16: what was sent today is listed with its receipt, can be read and corrected', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    const id = await begun(page, 16);
    await partial(page);
    await later(page);
    await until(page, { waiting: '0' });
    await sync(page);
    need(await page.locator('tr[data-record][data-status=accepted]').count() >= 2, 'not listed');
    await page.goto(`${service.url}/phone/case/${id}`);
    await page.waitForSelector('[data-act=correct]');
    need((await page.textContent('main')).includes('张伟'), 'cannot be read');
    await context.close();
    return faults;
  });

  await check('complaint 17: a form begun under an old version goes on and counts under it', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    const id = await rows(page).nth(17).getAttribute('data-case');
    await page.goto(`${service.url}/phone/case/${id}/interview?form=needs&at=${Date.now()}`);
    await page.waitForSelector(at('/data/needs'));
    await page.click(`${at('/data/needs')} input[value=lift]`);
    await saved(page);
    const forms = (await (await api('/v1/forms')).json()).items, old = forms.find(f => f.id === 'needs');
    const xml = await (await api(`/v1/forms/needs/${encodeURIComponent(old.version)}.xml`)).text();
    const root = service.command('token', 'admin').trim().split(/\s+/)[0];
    const made = await fetch(`${service.url}/v1/forms?publish=true&role=extra`, {
      method: 'POST', headers: { authorization: `Bearer ${root}`, 'content-type': 'application/xml' }, body: xml.replace(`version="${old.version}"`, 'version="later"').replace('加装电梯', '电梯'),
    });
    need(made.status === 201, `the new version: ${made.status} ${await made.text()}`);
    await page.goto(`${service.url}/phone/`);
    await page.waitForSelector('ul.doors [data-case]');
    await sync(page);
    await page.click('[data-act=send]');
    await eventually(async () => (await page.evaluate(async () => (await import(new URL('store.js', document.querySelector('script[type=module]').src))).model.things.form.get('needs').version)) === 'later', 'the new version did not come');
    await page.goto(`${service.url}/phone/case/${id}`);
    await page.click('main a[href*="draft="]');
    await page.waitForSelector('[data-screen]');
    await partial(page);
    await until(page, { waiting: '0', drafts: '0' });
    const sheet = await eventually(async () => (await told(id)).answers.find(a => a.form === 'needs' || a.form?.id === 'needs'), 'no sheet of answers');
    need(sheet.version === old.version && JSON.stringify(sheet.answers).includes('lift'), JSON.stringify(sheet));
    await context.close();
    return faults;
  });

  await check('complaint 18: a new version of the page that comes only in part changes nothing; forms open without a network', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const worker = await (await fetch(`${service.url}/phone/sw.js`)).text(), version = worker.match(/"version":"(\w+)"/)[1];
    const name = 'a'.repeat(version.length);
    proxy.rule = ({ path }) => {
      if (path === '/phone/sw.js') return { status: 200, headers: { 'content-type': 'text/javascript', 'cache-control': 'no-cache' }, body: worker.replaceAll(version, name) };
      return path.includes(`/f/${name}/`) ? problem(503, 'shutting-down') : undefined;
    };
    await page.evaluate(async () => { const r = await navigator.serviceWorker.getRegistration('/phone/'); await r.update().catch(() => {}); });
    await page.waitForTimeout(1500);
    need(await page.evaluate(async v => !(await caches.has(`phone-shell-${v}`)), name), 'a part of the new version is kept');
    await context.setOffline(true);
    const id = await rows(page).nth(18).getAttribute('data-case');
    for (const [form, where] of [['census_short', '[data-screen=start]'], ['needs', at('/data/needs')]]) {
      await page.goto(`${proxy.url}/phone/case/${id}/interview?form=${form}&at=${Date.now()}`);
      await page.waitForSelector(where);
    }
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 19: after the first list only what changed is asked for', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const asked = () => proxy.seen.filter(r => r.path.startsWith('/v1/changes'));
    const first = asked().length;
    await page.reload();
    await page.waitForSelector('ul.doors [data-case]');
    await eventually(() => asked().length > first, 'nothing was asked for');
    await page.waitForTimeout(1500);
    need(asked().slice(first).every(r => r.path.includes('cursor=')) && asked().length - first <= 3, asked().slice(first).map(r => r.path).join(' '));
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('complaint 20: a door that went to somebody else says so, and what was recorded there still counts', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await context.setOffline(true);
    const id = await knock(page, 20, 'no_answer');
    await dismiss(page);
    const given = await send('/v1/assignments', { assignments: [{ case_id: id, enumerator: 'e02', until: new Date(Date.now() + 86_400_000).toISOString() }] });
    need(given.ok, `answered ${given.status}`);
    await context.setOffline(false);
    await until(page, { waiting: '0' });
    await page.click('[data-tab=all]');
    await eventually(async () => /陈晓/.test(await page.locator(`[data-case="${id}"]`).first().textContent()), 'it is not said who has the door now');
    need((await told(id)).visits.at(-1).outcome === 'no_answer', 'what was recorded is lost');
    await context.close();
    return faults;
  });
} finally {
  await browser.close();
  await service.stop();
}
tell();
