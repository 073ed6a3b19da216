// What the enumerators' page promises, played through against the real program: enrolment, knocks, a bad network, a killed
// browser, two tabs, a full disk. Closing line: "N passed, N failed".
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { axe, launch, overflow } from './browser.mjs';
import { check, need, tell, ways } from './checks.mjs';
import { problem, proxyTo } from './proxy.mjs';
import { args, eventually, held, ownBrowser, phoneTools, picture } from './phone_tools.mjs';
import { start } from './service.mjs';

/** Runs all checks; `service` as service.mjs starts it, `browser` as launched. */
async function phoneChecks({ service, browser }) {
  const { api, visits, codeFor, set, until, phone, enrolled, rows, knock, dismiss } = phoneTools({ service, browser });

  await check('phone: enrolment by link, and everything is kept before it says so', async () => {
    const { context, page, faults } = await phone(service.url);
    await page.goto(`${service.url}/phone/`);
    await page.waitForURL('**/phone/enrol');
    await page.fill('#code', 'WRNG-CODE-2345');
    await page.click('[data-act=enrol]');
    await page.waitForSelector('[data-fault=wrong-code]');
    await page.goto(`${service.url}/phone/enrol#${codeFor('e02')}`);
    await until(page, { ready: 'false' });
    await page.click('[data-act=enrol]');
    await page.waitForSelector('[data-offline-ready]', { timeout: 60_000 });
    need(new URL(page.url()).hash === '', 'the code stays in the address');
    const kept = await page.evaluate(async () => (await (await caches.open((await caches.keys()).find(n => n.startsWith('phone-shell-')))).keys()).length);
    need(kept > 30, `${kept} files are kept`);
    need(await page.evaluate(async () => (await caches.match('/v1/changes')) === undefined), 'the worker keeps answers of the API');
    await context.close();
    return faults;
  });

  for (const [language, theme] of ways(['en', 'zh'], ['light', 'dark'])) await check(`phone: axe and width on every place (${language} ${theme})`, async () => {
    const { context, page, faults } = await enrolled(service.url, 'e01', { language, theme });
    const found = [];
    const look = async name => {
      found.push(...(await axe(page)).map(v => `${name}: ${v}`));
      for (const width of [390, 320]) {
        await page.setViewportSize({ width, height: 844 });
        const over = await overflow(page);
        if (over > 0) found.push(`${name}: ${over} px too wide at ${width}`);
      }
      await page.setViewportSize({ width: 390, height: 844 });
    };
    await look('today');
    need(await page.locator('html').getAttribute('lang') === (language === 'zh' ? 'zh-CN' : 'en'), 'language');
    const low = await rows(page).first().evaluate(e => e.getBoundingClientRect().height);
    if (low < 64) found.push(`a row is ${low} px high`);
    await rows(page).first().click();
    await look('knock');
    await page.click('[data-outcome=other]');
    await look('other');
    await page.click('[data-act=cancel]');
    await rows(page).nth(1).click();
    await page.click('[data-outcome=appointment_made]');
    await look('chips');
    await page.locator('[data-from]').first().click();
    await look('bar');
    await knock(page, 2, 'vacant');
    await look('bar of a vacant door');
    await rows(page).nth(1).click();
    await page.click('#knock a');
    await look('door');
    for (const path of ['booked', 'add', 'sync']) {
      await page.click(`nav.bot a[href="/phone/${path}"]`);
      await page.waitForTimeout(50);
      await look(path);
    }
    await page.goto(`${service.url}/phone/enrol`);
    await page.waitForSelector('#code');
    await look('enrol');
    await context.close();
    return [...found, ...faults];
  });

  await check('phone: two taps record a knock, three an appointment; undo leaves nothing behind', async () => {
    const { context, page, faults } = await enrolled(service.url);
    const before = (await visits()).length;
    const first = await knock(page, 0, 'no_answer');
    await until(page, { waiting: '1' });
    need(await rows(page).nth(0).getAttribute('data-case') === first && await rows(page).nth(0).getAttribute('data-pending') === 'true', 'the door moved, or is not marked');
    await page.click('[data-act=undo]');
    await until(page, { waiting: '0' });
    need(await rows(page).nth(0).getAttribute('data-pending') === null, 'the mark stays after undo');
    const second = await knock(page, 1, 'appointment_made');
    const chip = page.locator('#knock [data-from]').last(), from = await chip.getAttribute('data-from');
    await chip.click();
    need(await page.locator(`[data-case="${second}"]`).getAttribute('data-state') === 'appointment', 'no appointment at the door');
    await page.click('nav.bot a[href="/phone/booked"]');
    need(await page.locator(`[data-case="${second}"]`).count() === 1, 'not among the booked ones');
    await page.click('nav.bot a[href="/phone/"]');
    await dismiss(page);
    await until(page, { waiting: '0' });
    const after = await visits();
    need(after.length === before + 1, `${after.length - before} visits came`);
    const told = await (await api(`/v1/cases/${second}`)).json();
    need(Date.parse(told.appointment.from) === Date.parse(from), 'another time arrived');
    need(Date.parse(told.appointment.to) - Date.parse(from) === 1_800_000, 'the appointment is not of 30 minutes');
    const visit = told.visits.at(-1);
    need(visit.distance !== undefined || visit.position !== undefined, 'no position');
    await context.close();
    return faults;
  });

  await check('phone: a record rests ten seconds and goes by itself', async () => {
    const { context, page, faults } = await enrolled(service.url);
    const begun = Date.now();
    await knock(page, 3, 'no_answer');
    await page.waitForTimeout(6000);
    need((await set(page)).waiting === '1', 'it went too early');
    await until(page, { waiting: '0' }, 15_000);
    need(Date.now() - begun > 9500, 'it went too early');
    // The next door is opened: the one before goes at once.
    await knock(page, 4, 'no_answer');
    await rows(page).nth(5).click();
    await page.click('[data-act=cancel]');
    await until(page, { waiting: '0' }, 6000);
    await context.close();
    return faults;
  });

  await check('phone: home without a time, a refusal, and the other outcomes', async () => {
    const { context, page, faults } = await enrolled(service.url);
    const later = await knock(page, 6, 'home_not_now');
    await page.waitForSelector('#knock [data-from]');
    await page.click('[data-act=cancel]');
    const firm = await knock(page, 7, 'refusal_hard');
    const empty = await knock(page, 8, 'vacant');
    await page.click('[data-informant=neighbour]');
    await rows(page).nth(9).click();
    const away = await rows(page).nth(9).getAttribute('data-case');
    await page.click('[data-outcome=other]');
    await page.click('[data-outcome=household_away]');
    await dismiss(page);
    await until(page, { waiting: '0' });
    const last = async id => (await (await api(`/v1/cases/${id}`)).json()).visits.at(-1);
    need((await last(later)).outcome === 'appointment_made', 'home, not now');
    need((await last(firm)).outcome === 'refusal_hard', 'refused');
    need((await last(empty)).informant === 'neighbour', 'who said so');
    need((await last(away)).outcome === 'household_away', 'other');
    await context.close();
    return faults;
  });

  await check('phone: search, tabs, and a door of the list stays where it is', async () => {
    const { context, page, faults } = await enrolled(service.url);
    const row = rows(page).nth(2), room = (await row.locator('strong').textContent()).trim();
    await page.fill('[name=find]', room);
    await page.waitForFunction(n => [...document.querySelectorAll('ul.doors strong')].every(e => e.textContent.trim().startsWith(n)), room);
    await page.fill('[name=find]', '');
    await knock(page, 1, 'no_answer');
    await dismiss(page);
    await page.click('[data-tab=done]');
    need(await rows(page).count() >= 1, 'nothing done tonight');
    await page.click('[data-tab=todo]');
    await page.click('nav.bot a[href="/phone/booked"]');
    await page.click('nav.bot a[href="/phone/"]');
    await context.close();
    return faults;
  });

  await check('phone: a door is added, warned about where it exists, visited and taken up', async () => {
    const { context, page, faults } = await enrolled(service.url);
    const room = `9${String(Date.now()).slice(-5)}`;
    const add = async () => {
      await page.click('nav.bot a[href="/phone/add"]');
      await page.fill('#a-building', '2');
      await page.fill('#a-unit', '1');
      await page.fill('#a-floor', '9');
      await page.fill('#a-room', room);
      await page.click('[data-act=add]');
    };
    await add();
    await page.waitForURL(/\/phone\/case\//);
    await page.click('[data-act=knock]');
    await page.click('[data-outcome=no_answer]');
    await dismiss(page);
    await until(page, { waiting: '0' });
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.click('[data-act=send]');
    await page.waitForFunction(() => !document.querySelector('[data-act=send]').disabled);
    await add();
    await page.waitForSelector('[data-exists]');
    const found = (await visits()).filter(line => line.includes(room)).length;
    const listed = await (await api('/v1/export/cases.csv')).text();
    need(listed.includes(room), 'the door is not on the list of the service');
    need(found <= 1, `${found} visits`);
    await context.close();
    return faults;
  });

  await check('phone: other storage for another person; signing out waits for what waits', async () => {
    const { context, page, faults } = await enrolled(service.url);
    await knock(page, 2, 'no_answer');
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.click('[data-act=sign-out]');
    await page.waitForSelector('[data-fault=waits]');
    const become = async user => {
      await page.goto(`${service.url}/phone/enrol#${codeFor(user)}`);
      await page.click('[data-act=enrol]');
      await page.waitForSelector('[data-offline-ready]', { timeout: 60_000 });
    };
    await become('e02');
    const names = await page.evaluate(async () => (await indexedDB.databases()).map(d => d.name).sort());
    need(names.length === 2, names.join(' '));
    await become('e01');
    await until(page, { waiting: '0' });
    await page.goto(`${service.url}/phone/sync`);
    await page.waitForSelector('td[data-status=accepted]');
    await page.click('[data-act=sign-out]');
    await page.waitForURL('**/phone/enrol');
    need((await page.evaluate(async () => (await indexedDB.databases()).length)) === 1, 'it is still there');
    await context.close();
    return faults;
  });

  await check('phone: two tabs show the same, one sends', async () => {
    const { context, page, faults } = await enrolled(service.url);
    const second = await phone(service.url, { context });
    await second.page.goto(`${service.url}/phone/`);
    await second.page.waitForSelector('.notice[role=status]');
    const id = await knock(second.page, 5, 'no_answer');
    await page.waitForSelector(`[data-case="${id}"][data-pending=true]`);
    await dismiss(second.page);
    await until(page, { waiting: '0' });
    await until(second.page, { waiting: '0' });
    await page.close();
    await second.page.waitForFunction(() => !document.querySelector('.ph > .notice'));
    await knock(second.page, 6, 'no_answer');
    await dismiss(second.page);
    await until(second.page, { waiting: '0' });
    await context.close();
    return [...faults, ...second.faults];
  });

  await check('phone: a full disk stores nothing, says so, and marks nothing as done', async () => {
    const { context, page, faults } = await enrolled(service.url);
    await page.evaluate(() => {
      const add = IDBObjectStore.prototype.add;
      window.mend = () => { IDBObjectStore.prototype.add = add; };
      IDBObjectStore.prototype.add = function full() { throw new DOMException('full', 'QuotaExceededError'); };
    });
    const id = await knock(page, 3, 'no_answer');
    await page.waitForSelector('#knock [role=alert]');
    need((await set(page)).waiting === '0' && await page.locator(`[data-case="${id}"]`).getAttribute('data-pending') === null, 'marked all the same');
    await page.evaluate(() => window.mend());
    await page.click('#knock [data-outcome=no_answer]');
    await page.waitForSelector('[data-act=undo]');
    await until(page, { waiting: '1' });
    await context.close();
    return faults;
  });

  await check('phone: a refused record needs its maker and is corrected; neighbours pass', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url);
    const bad = await rows(page).nth(4).getAttribute('data-case');
    // On its way the outcome becomes one that the service does not know: it refuses that record for real.
    proxy.rule = ({ path, body }) => {
      if (path !== '/v1/batches' || !body.includes(bad)) return undefined;
      const batch = JSON.parse(body);
      for (const record of batch.records) if (record.case_id === bad) record.outcome = 'nobody_in';
      return { body: Buffer.from(JSON.stringify(batch)) };
    };
    await page.evaluate(() => { window.held = fetch; window.fetch = (path, init) => (String(path).includes('/v1/batches') && window.stop ? Promise.reject(new TypeError('no')) : window.held(path, init)); window.stop = true; });
    for (const n of [3, 4, 5]) await knock(page, n, 'no_answer');
    await dismiss(page);
    await page.evaluate(() => { window.stop = false; });
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.click('[data-act=send]');
    await page.waitForSelector('[data-status=refused][data-reason=unknown-outcome]');
    need((await set(page)).waiting === '0', 'the neighbours wait');
    proxy.rule = () => undefined;
    await page.click('[data-status=refused] [data-act=correct]');
    await page.click('[data-outcome=other]');
    await page.click('[data-outcome=respondent_away]');
    await dismiss(page);
    await until(page, { waiting: '0' });
    need(await page.locator('li[data-status=refused]').count() === 0, 'it still needs somebody');
    const told = await (await api(`/v1/cases/${bad}`)).json();
    need(told.visits.at(-1).outcome === 'respondent_away', 'the correction did not arrive');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('phone: a batch that is refused as a whole is halved down to the one at fault', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url);
    const bad = await rows(page).nth(6).getAttribute('data-case');
    let isDown = true;
    proxy.rule = ({ path, body }) => {
      if (path !== '/v1/batches') return undefined;
      if (isDown) return 'cut';
      return body.includes(bad) ? problem(422, 'body-not-valid') : undefined;
    };
    for (const n of [5, 6, 7, 8, 9]) await knock(page, n, 'no_answer');
    await dismiss(page);
    isDown = false;
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.click('[data-act=send]');
    await page.waitForSelector('li[data-status=refused][data-reason=body-not-valid]');
    await until(page, { waiting: '0' });
    need(await page.locator('li[data-status=refused]').count() === 1, 'more than one is at fault');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('phone: 401 keeps everything until the same person enrols again', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url, 'e03');
    proxy.rule = ({ path }) => (path.startsWith('/v1/batches') ? problem(401, 'not-signed-in') : undefined);
    const id = await knock(page, 1, 'no_answer');
    await dismiss(page);
    await page.waitForSelector('.sync.bad');
    need((await set(page)).waiting === '1', 'it is gone');
    proxy.rule = () => undefined;
    await page.goto(`${proxy.url}/phone/enrol#${codeFor('e03')}`);
    await page.click('[data-act=enrol]');
    await until(page, { waiting: '0' });
    const told = await (await api(`/v1/cases/${id}`)).json();
    need(told.visits.at(-1).outcome === 'no_answer', 'it did not arrive');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('phone: a phone that was cut off forgets its doors and keeps what waits for a file', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e04');
    await page.evaluate(() => { window.held = fetch; window.fetch = (path, init) => (window.stop ? Promise.reject(new TypeError('no')) : window.held(path, init)); window.stop = true; });
    const id = await knock(page, 1, 'no_answer');
    await dismiss(page);
    const { device } = await held(page);
    need((await api(`/v1/devices/${device}/revoke`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).ok, 'not cut off');
    await page.evaluate(() => { window.stop = false; });
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.click('[data-act=send]');
    await page.waitForSelector('[data-revoked]');
    need((await set(page)).waiting === '1', 'what waited is gone');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=save]')]);
    const file = join(mkdtempSync('/tmp/doorknock-phone-'), 'waiting.json');
    await download.saveAs(file);
    const told = service.command('upload', file);
    need(/"status":\s*"(held|accepted)"/.test(told), told);
    await page.goto(`${service.url}/phone/`);
    need(await page.locator(`[data-case="${id}"]`).count() === 0, 'the doors are still there');
    await context.close();
    return faults;
  });

  await check('phone: a wrong clock is said', async () => {
    const { context, page, faults } = await phone(service.url);
    await page.addInitScript(() => { const now = Date.now; Date.now = () => now() - 20 * 60_000; });
    await page.goto(`${service.url}/phone/enrol#${codeFor('e05')}`);
    await page.click('[data-act=enrol]');
    await page.click('main a[href="/phone/"]');
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.waitForSelector('[data-clock-wrong]');
    await context.close();
    return faults;
  });

  await check('phone: keyboard alone records a knock', async () => {
    const { context, page, faults } = await enrolled(service.url);
    await rows(page).nth(0).focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('#knock[open]');
    for (let i = 0; i < 12 && await page.evaluate(() => document.activeElement?.dataset.outcome) !== 'no_answer'; i += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-act=undo]');
    need(await page.evaluate(() => document.activeElement?.dataset.case !== undefined), 'the focus is lost');
    await page.keyboard.press('Escape');
    await context.close();
    return faults;
  });

  await check('phone: on plain HTTP from another machine it says so and works online', async () => {
    const host = `http://phone.test:${new URL(service.url).port}`;
    const far = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...args, '--host-resolver-rules=MAP phone.test 127.0.0.1'] });
    const page = await far.newPage();
    await page.goto(`${host}/phone/enrol#${codeFor('e06')}`);
    await page.waitForSelector('[data-insecure]');
    await page.click('[data-act=enrol]');
    await page.click('main a[href="/phone/"]');
    await page.waitForSelector('ul.doors [data-case]');
    need((await set(page)).ready === 'false', 'it says that it is ready offline');
    await knock(page, 0, 'no_answer');
    await dismiss(page);
    await until(page, { waiting: '0' });
    need((await held(page)).sent.length === 0, 'a copy is kept');
    await far.close();
  });

  await check('phone: a new version is taken over at the next start', async () => {
    const proxy = await proxyTo(service.url);
    const { context, page, faults } = await enrolled(proxy.url);
    // Another worker with other bytes, and a marked shell: as after an update of the program.
    proxy.rule = ({ path }) => undefined;
    const html = await (await fetch(`${service.url}/phone/`)).text(), worker = await (await fetch(`${service.url}/phone/sw.js`)).text();
    proxy.rule = ({ path }) => {
      const fill = (type, body) => ({ status: 200, headers: { 'content-type': type, 'cache-control': 'no-cache' }, body });
      if (path === '/phone/sw.js') return fill('text/javascript', worker.replace(/"version":"/, '"version":"new'));
      if (path === '/phone/') return fill('text/html; charset=utf-8', html.replace('<html ', '<html data-new '));
      return undefined;
    };
    await page.evaluate(async () => { const r = await navigator.serviceWorker.getRegistration('/phone/'); await r.update(); await new Promise(done => { const look = () => (r.waiting ? done() : setTimeout(look, 50)); look(); }); });
    need(await page.evaluate(() => !document.documentElement.hasAttribute('data-new')), 'taken over under the open page');
    await page.reload();
    await page.waitForSelector('html[data-new]');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('phone: a message stands above the list until it is read', async () => {
    const said = `Bring the blue forms ${Date.now()}`;
    const sent = await api('/v1/messages', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ to: { user: 'e05' }, text: said }) });
    need(sent.status === 201, `answered ${sent.status}`);
    const { id } = await sent.json();
    const { context, page, faults } = await enrolled(service.url, 'e05');
    await page.waitForSelector(`[data-message="${id}"]`);
    need((await page.textContent(`[data-message="${id}"]`)).includes(said), 'another text');
    await page.click(`[data-message="${id}"] [data-act=read]`);
    await page.waitForSelector(`[data-message="${id}"]`, { state: 'detached' });
    await until(page, { waiting: '0' });
    await eventually(async () => (await (await api('/v1/messages')).json()).items.find(m => m.id === id)?.read.length === 1, 'nobody is said to have read it');
    await context.close();
    return faults;
  });

  await check('phone: the published sheet gives the order', async () => {
    // Tomorrow's, looked at tomorrow at 18:00: late in the evening little is left of today's.
    const on = new Date(Date.now() + 86_400_000).toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' });
    const published = await api('/v1/plan', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ on, publish: true }) });
    need(published.ok, `answered ${published.status}`);
    const { stops } = (await published.json()).enumerators.find(e => e.user === 'e01');
    const own = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB', reducedMotion: 'reduce' });
    await own.addInitScript(ahead => { const now = Date.now; Date.now = () => now() + ahead; }, Date.parse(`${on}T18:00:00+08:00`) - Date.now());
    const { context, page, faults } = await enrolled(service.url, 'e01', { context: own });
    const shown = await rows(page).evaluateAll(all => all.map(row => row.dataset.case)), wanted = stops.map(stop => stop.case_id);
    need(wanted.length > 5, `${wanted.length} stops`);
    need(shown.slice(0, wanted.length).join() === wanted.join(), 'the list is in another order');
    need(await page.evaluate(n => document.querySelector('.rest').compareDocumentPosition(document.querySelectorAll('ul.doors [data-case]')[n]) === 4, wanted.length), 'what is not on the sheet is not set apart');
    await context.close();
    return faults;
  });

  await check('phone: a door that a colleague completed says by whom, and asks once', async () => {
    const { items } = await (await api('/v1/cases?area=410181004006-06&state=completed&limit=20')).json();
    let id, by;
    for (const item of items) {
      const told = await (await api(`/v1/cases/${item.id}`)).json();
      by = told.interviews.find(i => i.current)?.enumerator;
      if (by && by !== 'e01') { id = item.id; break; }
    }
    need(id, 'no colleague completed a door');
    const { context, page, faults } = await enrolled(service.url, 'e01');
    await page.goto(`${service.url}/phone/case/${id}`);
    await page.click('[data-act=knock]');
    await page.click('[data-outcome=interview]');
    const words = await page.textContent('#knock .notice');
    need(/[\u4e00-\u9fff]{2}/.test(words) && !words.includes(by), `not said by whom: ${words}`);
    await page.click('[data-act=confirm]');
    await page.waitForSelector('[data-screen]');
    await context.close();
    return faults;
  });

  await check('phone: an interview from the knock to the receipt, with its page killed in between', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e02');
    const at = path => `[data-path="${path}"]`, pick = (path, value) => page.click(`${at(path)} input[value="${value}"]`), next = () => page.click('[data-act=next]');
    const id = await knock(page, 11, 'interview');
    await page.waitForSelector('[data-screen]');
    await pick('interview.respondent', 'member');
    await pick('household.household_type', 'family');
    await next();
    await page.click('[data-act=add]');
    await page.fill(`${at('person.1.name')} input`, '张伟');
    await pick('person.1.sex', 'm');
    await until(page, { drafts: '1' });
    await page.waitForTimeout(600);
    await page.goto(`${service.url}/phone/`);
    await page.waitForSelector('ul.doors [data-case]');
    need((await set(page)).drafts === '1' && (await set(page)).waiting === '0', 'the draft is gone, or counts as a record');
    await page.click(`[data-case="${id}"]`);
    await page.click('#knock .draft');
    await page.waitForSelector('[data-screen]');
    if (await page.locator(at('person.1.name')).count() === 0) await next();
    need(await page.inputValue(`${at('person.1.name')} input`) === '张伟', 'the answers are gone');
    await page.click('[data-act=confirm]');
    for (let i = 0; i < 20 && await page.locator('[data-screen=end]').count() === 0; i += 1) {
      const screen = await page.locator('[data-screen]').getAttribute('data-screen');
      if (screen === 'person.1') {
        await page.fill(`${at('person.1.citizen_id')} input`, '419999198503074514');
        await pick('person.1.registered_at', '1');
      }
      const offers = page.locator('[data-act=offer]');
      if (await offers.count()) await offers.first().click();
      await next();
    }
    const found = await axe(page);
    await page.click('[data-act=finish]');
    await page.waitForURL(`${service.url}/phone/**`);
    await until(page, { drafts: '0', waiting: '0' });
    const told = await (await api(`/v1/cases/${id}`)).json();
    need(told.state === 'completed', `the door is ${told.state}`);
    const visit = told.visits.at(-1);
    need(visit.outcome === 'interview_complete' && told.interviews.length === 1 && told.interviews[0].visit_id === visit.id, 'visit and interview do not belong together');
    const left = JSON.stringify(await held(page));
    need(!left.includes('419999198503074514'), 'the ID number is still on the phone');
    // Corrected the same evening: the next revision of the same interview.
    await page.goto(`${service.url}/phone/case/${id}`);
    await page.click('[data-act=correct]');
    await page.waitForSelector('[data-screen]');
    for (let i = 0; i < 20 && await page.locator('[data-screen=end]').count() === 0; i += 1) {
      const confirm = page.locator('[data-act=confirm]');
      if (await confirm.count()) await confirm.first().click();
      await next();
    }
    await page.click('[data-act=finish]');
    await until(page, { drafts: '0', waiting: '0' });
    const again = await (await api(`/v1/cases/${id}`)).json();
    need(again.interviews.some(i => i.revision === 2 && i.current), 'no second revision');
    await context.close();
    return [...found, ...faults];
  });

  await check('phone: leaving a form keeps it, sends what there is, or forgets it with ten seconds to undo', async () => {
    const { context, page, faults } = await enrolled(service.url, 'e02');
    const begin = async n => {
      const id = await knock(page, n, 'interview');
      await page.waitForSelector('[data-screen]');
      await page.click('[data-path="interview.respondent"] input[value=member]');
      return id;
    };
    await begin(13);
    await page.click('[data-act=leave]');
    await page.click('[data-act=nothing]');
    await until(page, { drafts: '0' });
    await page.click('[data-act=undo]');
    await until(page, { drafts: '1' });
    const stopped = await begin(14);
    await page.click('[data-act=leave]');
    await page.click('[data-act=stopped]');
    await until(page, { drafts: '1', waiting: '0' });
    const told = await (await api(`/v1/cases/${stopped}`)).json();
    need(told.visits.at(-1).outcome === 'break_off', told.visits.at(-1).outcome);
    await context.close();
    return faults;
  });

  await check('phone: an evening offline, a killed browser, a bad network: each record exactly once', () => evening({ service, enrolCode: codeFor, api, visits, until, set, rows, knock, dismiss }));
}

async function evening({ service, enrolCode, api, visits, until, set, rows, knock, dismiss }) {
  const dir = mkdtempSync('/tmp/doorknock-phone-'), photo = join(dir, 'photo.png');
  writeFileSync(photo, picture(1700));
  const proxy = await proxyTo(service.url), base = proxy.url;
  const before = new Set(await visits());
  let phone = await ownBrowser(join(dir, 'profile'));
  try {
    await phone.page.goto(`${base}/phone/enrol#${enrolCode('e07')}`);
    await phone.page.click('[data-act=enrol]');
    await until(phone.page, { ready: 'true' });
    await service.down();
    await phone.page.goto(`${base}/phone/`);
    await phone.page.waitForSelector('ul.doors [data-case]');
    const outcomes = ['no_answer', 'refusal_soft', 'vacant', 'home_not_now', 'no_answer'], made = [];
    for (let n = 0; n < 30; n += 1) {
      made.push(await knock(phone.page, n, outcomes[n % outcomes.length]));
      if (outcomes[n % outcomes.length] === 'home_not_now') await phone.page.click('[data-act=cancel]');
    }
    made.push(await knock(phone.page, 30, 'appointment_made'));
    await phone.page.locator('#knock [data-from]').last().click();
    made.push(await knock(phone.page, 31, 'vacant'));
    const [chooser] = await Promise.all([phone.page.waitForEvent('filechooser'), phone.page.click('.undo .file')]);
    await chooser.setFiles(photo);
    let said = '';
    const [size] = await eventually(async () => {
      said = (await phone.page.textContent('.undo')) || said;
      const { photos } = await held(phone.page);
      return photos.length === 1 && photos;
    }, 'the picture is not kept').catch(error => { throw new Error(`${error.message}: ${said}`); });
    await until(phone.page, { waiting: '32', online: 'false' });
    need(size > 1_000 && size <= 1_000_000, `the picture has ${size} bytes`);
    await phone.kill();
    phone = await ownBrowser(join(dir, 'profile'));
    await phone.page.goto(`${base}/phone/`);
    await phone.page.waitForSelector('ul.doors [data-case]');
    need((await set(phone.page)).waiting === '32', `${(await set(phone.page)).waiting} are left after the kill`);
    // The network comes back, badly: cuts after the commit, cuts before, busy, then well.
    const faults = ['cut-answer', problem(503, 'database-away', { 'retry-after': '1' }), 'cut', 'cut-answer', problem(429, 'too-many-uploads', { 'retry-after': '1' })];
    proxy.rule = ({ method, path }) => (method === 'POST' && path === '/v1/batches' && faults.length ? faults.shift() : undefined);
    await service.up();
    await phone.page.goto(`${base}/phone/sync`);
    const end = Date.now() + 120_000;
    while ((await set(phone.page)).waiting !== '0' && Date.now() < end) {
      if (await phone.page.locator('[data-act=send]:enabled').count()) await phone.page.click('[data-act=send]');
      await phone.page.waitForTimeout(700);
    }
    need((await set(phone.page)).waiting === '0', 'something still waits');
    need(faults.length === 0, `${faults.length} faults were not met`);
    const cuts = ['cut-answer', 'cut'];
    proxy.rule = ({ method }) => (method === 'PUT' && cuts.length ? cuts.shift() : undefined);
    await eventually(async () => {
      if (await phone.page.locator('[data-act=send]:enabled').count()) await phone.page.click('[data-act=send]');
      return (await held(phone.page)).photos.length === 0;
    }, 'the picture still waits');
    const lines = (await visits()).filter(line => line && !before.has(line));
    need(lines.length === made.length, `${lines.length} visits for ${made.length} knocks`);
    for (const id of made) need(lines.filter(line => line.includes(id)).length === 1, `not one visit at ${id}`);
    const told = await (await api(`/v1/cases/${made.at(-1)}`)).json();
    const [id] = told.visits.at(-1).photo;
    const answer = await api(`/v1/attachments/${id}`), bytes = (await answer.arrayBuffer()).byteLength;
    need(answer.status === 200 && bytes === size, `the picture is answered ${answer.status} with ${bytes} of ${size} bytes`);
  } finally {
    await phone.kill().catch(() => {});
    proxy.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const service = await start(), browser = await launch();
try {
  await phoneChecks({ service, browser });
  await check('phone: no failure in the log of the service', () => service.log().split('\n').filter(l => / ERROR |panicked/.test(l)).slice(0, 3));
} finally {
  await browser.close();
  await service.stop();
}
tell();
