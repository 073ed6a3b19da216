// Longer stories of the phone page: a form killed at every screen of the roster, a new version of the page under an open form, a browser
// that refuses to store, doors taken away, forms of no door, further households, checks, installing, and a service that was restored from
// yesterday's backup. Closing line: "N passed, N failed".
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { axe, launch, open, overflow, signIn } from './browser.mjs';
import { check, isLong, need, tell } from './checks.mjs';
import { proxyTo } from './proxy.mjs';
import { eventually, held, ownBrowser, phoneTools } from './phone_tools.mjs';
import { start } from './service.mjs';

const at = path => `[data-path="${path}"]`;
const service = await start(), browser = await launch();
const { url } = service;
const { api, visits, codeFor, set, until, phone, enrolled, rows, knock, dismiss } = phoneTools({ service, browser });
const send = (path, body) => api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const told = async id => (await api(`/v1/cases/${id}`)).json();
const screen = page => page.locator('[data-screen]').getAttribute('data-screen');
const next = page => page.click('[data-act=next]');
/** What was typed is on the disk 300 ms later. */
async function saved(page) {
  await page.waitForTimeout(600);
  await page.waitForFunction(() => /\d\d:\d\d/.test(document.querySelector('.fm-status')?.textContent ?? ''));
}
/** One part of what the page holds. */
const model = (page, part) => page.evaluate(async key => (await import(new URL('store.js', document.querySelector('script[type=module]').src))).model[key], part);

async function begin(page, n) {
  const id = await knock(page, n, 'interview');
  await page.waitForSelector('[data-screen=start]');
  await page.click(`${at('interview.respondent')} input[value=member]`);
  await page.click(`${at('household.household_type')} input[value=family]`);
  await next(page);
  return id;
}
async function list(page, names) {
  for (const [i, name] of names.entries()) {
    await page.click('[data-act=add]');
    await page.fill(`${at(`person.${i + 1}.name`)} input`, name);
    await page.click(`${at(`person.${i + 1}.sex`)} input[value=f]`);
  }
  await page.click('[data-act=confirm]');
}
async function end(page, act) {
  await page.click('[data-act=screens]');
  await page.click('[data-to=end]');
  await page.click(`[data-act=${act}]`);
}
/** Answers offers of further forms with "later". */
async function later(page) {
  await page.waitForFunction(() => document.querySelector('[data-screen=more]') || document.querySelector('ul.doors [data-case]'));
  while (await page.locator('[data-screen=more]').count()) { await page.click('[data-act=later]'); await page.waitForTimeout(50); }
}

try {
  await check('phone long: killed at every screen of the roster, the form goes on where it was', async () => {
    const dir = mkdtempSync('/tmp/doorknock-phone-');
    let own = await ownBrowser(join(dir, 'profile')), { page } = own;
    const NAMES = isLong ? ['甲一', '乙二', '丙三', '丁四', '戊五'] : ['甲一', '乙二'];
    try {
      await page.goto(`${url}/phone/enrol#${codeFor('e01')}`);
      await page.click('[data-act=enrol]');
      await until(page, { ready: 'true' });
      await page.goto(`${url}/phone/`);
      await page.waitForSelector('ul.doors [data-case]');
      const id = await begin(page, 0);
      await list(page, NAMES);
      const resume = async where => {
        await saved(page);
        await own.kill();
        own = await ownBrowser(join(dir, 'profile'));
        ({ page } = own);
        await page.goto(`${url}/phone/`);
        await page.waitForSelector('ul.doors [data-case]');
        await page.click(`[data-case="${id}"]`);
        await page.click('#knock .draft');
        await page.waitForSelector('[data-screen]');
        need(await screen(page) === where, `after the kill: ${await screen(page)} for ${where}`);
      };
      await resume('people');
      for (const [i, name] of NAMES.entries()) {
        await next(page);
        await page.fill(`${at(`person.${i + 1}.birth`)} [data-part=y]`, String(1981 + i));
        await page.click(`${at(`person.${i + 1}.registered_at`)} input[value="4"]`);
        await page.fill(`${at(`person.${i + 1}.other_address`)} input`, `路 ${i + 1} 号`);
        await resume(`person.${i + 1}`);
        need(await page.inputValue(`${at(`person.${i + 1}.birth`)} [data-part=y]`) === String(1981 + i), `birth of ${name} is lost`);
        need(await page.inputValue(`${at(`person.${i + 1}.other_address`)} input`) === `路 ${i + 1} 号`, `address of ${name} is lost`);
      }
      await end(page, 'partial');
      await later(page);
      await until(page, { waiting: '0', drafts: '0' });
      const door = await told(id);
      need(door.interviews.length === 1 && door.interviews[0].persons.map(p => p.name).join() === NAMES.join(), JSON.stringify(door.interviews));
    } finally { await own.kill().catch(() => {}); rmSync(dir, { recursive: true, force: true, maxRetries: 5 }); }
  });

  await check('phone long: a new version of the page comes under an open form and takes nothing', async () => {
    const proxy = await proxyTo(url);
    const { context, page, faults } = await enrolled(proxy.url, 'e01');
    const html = await (await fetch(`${url}/phone/`)).text(), worker = await (await fetch(`${url}/phone/sw.js`)).text();
    await begin(page, 1);
    await list(page, ['新版本']);
    proxy.rule = ({ path }) => {
      const fill = (type, body) => ({ status: 200, headers: { 'content-type': type, 'cache-control': 'no-cache' }, body });
      if (path === '/phone/sw.js') return fill('text/javascript', worker.replace(/"version":"/, '"version":"new'));
      return path === '/phone/' ? fill('text/html; charset=utf-8', html.replace('<html ', '<html data-new ')) : undefined;
    };
    await page.evaluate(async () => { const r = await navigator.serviceWorker.getRegistration('/phone/'); await r.update(); await new Promise(done => { const look = () => (r.waiting ? done() : setTimeout(look, 50)); look(); }); });
    await page.fill(`${at('person.1.name')} input`, '新版本二');
    await saved(page);
    need(await page.evaluate(() => !document.documentElement.hasAttribute('data-new')), 'taken over under the form');
    await page.reload();
    await page.waitForSelector('html[data-new]');
    await page.waitForSelector('[data-screen=people]');
    need(await page.inputValue(`${at('person.1.name')} input`) === '新版本二', 'the answers are lost');
    await context.close();
    proxy.stop();
    return faults;
  });

  await check('phone long: a browser that refuses to store is told so, and nothing looks as if it were there', async () => {
    const { context, page } = await enrolled(url, 'e01');
    await page.addInitScript(() => { IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); }; });
    await page.goto(`${url}/phone/`);
    await page.waitForSelector('[data-fault=no-storage]');
    need(await page.locator('[data-case]').count() === 0, 'doors are shown');
    const found = await axe(page);
    await context.close();
    return found;
  });

  await check('phone long: a draft that the browser refuses to store is told, and the form stays', async () => {
    const { context, page, faults } = await enrolled(url, 'e01');
    await begin(page, 2);
    await page.evaluate(() => { const put = IDBObjectStore.prototype.put; window.mend = () => { IDBObjectStore.prototype.put = put; }; IDBObjectStore.prototype.put = function full() { throw new DOMException('full', 'QuotaExceededError'); }; });
    await list(page, ['没有空间']);
    await page.waitForFunction(() => document.querySelector('.fm-status').textContent.length > 3 && !/\d\d:\d\d/.test(document.querySelector('.fm-status').textContent));
    await page.evaluate(() => window.mend());
    await page.fill(`${at('person.1.name')} input`, '有了空间');
    await saved(page);
    need(JSON.stringify(await model(page, 'drafts')).includes('有了空间'), 'not stored afterwards');
    await context.close();
    return faults;
  });

  await check('phone long: a door that leaves the reach goes with a line, and its record still counts', async () => {
    const { context, page, faults } = await enrolled(url, 'e01');
    await context.setOffline(true);
    const id = await knock(page, 5, 'no_answer');
    await dismiss(page);
    const gone = await send(`/v1/cases/${id}/decisions`, { decision: 'cancel', reason: 'listed twice' });
    need(gone.ok, `answered ${gone.status}`);
    await context.setOffline(false);
    await until(page, { waiting: '0' });
    await page.waitForFunction(door => !document.querySelector(`[data-case="${door}"]`), id);
    need((await told(id)).visits.at(-1).outcome === 'no_answer', 'the record does not count');
    await page.goto(`${url}/phone/case/${id}`);
    await page.waitForSelector('.empty');
    await context.close();
    return faults;
  });

  await check('phone long: a further household behind a door is a door of its own', async () => {
    const { context, page, faults } = await enrolled(url, 'e01');
    const id = await rows(page).nth(6).getAttribute('data-case');
    await page.goto(`${url}/phone/case/${id}`);
    await page.click(`a[href="/phone/add?of=${id}"]`);
    const found = await axe(page);
    await page.click('[data-act=add]');
    await page.waitForURL(/\/phone\/case\//);
    need((await page.textContent('h1')).includes('#2'), await page.textContent('h1'));
    await page.click('[data-act=knock]');
    await page.click('#knock [data-outcome=no_answer]');
    await dismiss(page);
    await until(page, { waiting: '0' });
    const first = await told(id);
    need(first.visits.every(v => v.outcome !== 'no_answer' || Date.now() - Date.parse(v.at) > 60_000), 'the visit went to the first household');
    await page.click('nav.bot a[href="/phone/"]');
    await page.click('[data-tab=all]');
    await eventually(async () => (await page.locator('ul.doors strong', { hasText: '#2' }).count()) >= 1, 'it is not listed');
    await context.close();
    return [...found, ...faults];
  });

  await check('phone long: checks and warnings of a form stand at the question, and the receipt repeats none of the answers', async () => {
    const { context, page, faults } = await enrolled(url, 'e01');
    const id = await begin(page, 7);
    await list(page, ['张伟', '张小']);
    await next(page);
    await page.fill(`${at('person.1.birth')} [data-part=y]`, '1898');
    await page.fill(`${at('person.1.birth')} [data-part=m]`, '3');
    await page.fill(`${at('person.1.citizen_id')} input`, '419999198503074515');
    await page.focus(`${at('person.1.birth')} [data-part=y]`);
    need(await page.getAttribute(`${at('person.1.citizen_id')} [data-problem]`, 'data-problem') === 'id_check', 'the number is not checked');
    const found = await axe(page);
    await page.fill(`${at('person.1.citizen_id')} input`, '');
    await end(page, 'finish');
    await page.waitForSelector('[data-act=jump]');
    found.push(...await axe(page));
    await page.click('[data-act=partial]');
    await later(page);
    await until(page, { waiting: '0' });
    const { receipts } = await held(page);
    need(!JSON.stringify(receipts).includes('张伟'), 'a receipt names somebody');
    need((await told(id)).interviews.length === 1, 'it did not arrive');
    await context.close();
    return [...found, ...faults];
  });

  await check('phone long: a form of no door is under Today, and its answers belong to none', async () => {
    const root = service.command('token', 'admin').trim().split(/\s+/)[0];
    const xml = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Evening report</h:title><model><instance><data id="report" version="1"><said/><meta><instanceID/></meta></data></instance>
      <bind nodeset="/data/said" type="string" required="true()"/><bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head><h:body><input ref="/data/said"><label>What happened</label></input></h:body></h:html>`;
    const made = await fetch(`${url}/v1/forms?publish=true&role=free`, { method: 'POST', headers: { authorization: `Bearer ${root}`, 'content-type': 'application/xml' }, body: xml });
    need(made.status === 201, `${made.status} ${await made.text()}`);
    const { context, page, faults } = await enrolled(url, 'e01');
    await page.click('a[href^="/phone/form?form=report"]');
    await page.fill(`${at('/data/said')} input`, '停电一小时');
    const found = await axe(page);
    await next(page);
    await page.click('[data-act=finish]');
    await until(page, { waiting: '0', drafts: '0' });
    const rowsOut = await (await api('/v1/export/forms/report.csv')).text();
    need(rowsOut.includes('停电一小时'), rowsOut.slice(0, 200));
    await context.close();
    return [...found, ...faults];
  });

  await check('phone long: it can be installed: manifest, icons, worker, and an offer of its own', async () => {
    const { context, page, faults } = await enrolled(url, 'e01');
    const client = await context.newCDPSession(page);
    const { errors, data, url: from } = await client.send('Page.getAppManifest');
    need(errors.length === 0 && from.endsWith('/phone/manifest.webmanifest'), JSON.stringify(errors));
    const { icons, start_url, scope, display, name } = JSON.parse(data);
    need(start_url === '/phone/' && scope === '/phone/' && display === 'standalone' && name, data);
    for (const icon of icons) {
      const size = await page.evaluate(src => new Promise(resolve => { const i = new Image(); i.onload = () => resolve(`${i.naturalWidth}x${i.naturalHeight}`); i.onerror = () => resolve('none'); i.src = src; }), icon.src);
      need(size === icon.sizes, `${icon.src}: ${size}`);
    }
    need(icons.some(i => i.purpose === 'maskable') && icons.some(i => i.sizes === '192x192'), 'an icon is missing');
    const { installabilityErrors } = await client.send('Page.getInstallabilityErrors');
    need(installabilityErrors.filter(e => !/incognito/.test(e.errorId)).length === 0, JSON.stringify(installabilityErrors));
    await context.close();
    return faults;
  });

  await check('phone long: the supervisor sees the phone: version, what waits, drafts; cards and self-responses', async () => {
    const { context, page, faults } = await enrolled(url, 'e03');
    await begin(page, 0);
    await saved(page);
    await page.goto(`${url}/phone/`);
    await page.waitForSelector('ul.doors [data-case]');
    await knock(page, 3, 'no_answer');
    await dismiss(page);
    await until(page, { waiting: '0', drafts: '1' });
    const { device } = await held(page), version = await page.getAttribute('html', 'data-version');
    const { items } = await (await api('/v1/devices?limit=500')).json();
    const seen = items.find(d => (d.id ?? d.device_id) === device);
    need(seen && seen.app_version === version && seen.drafts === 1 && seen.waiting === 0, JSON.stringify(seen));
    const office = await open(browser, url, { language: 'en' });
    await signIn(office.page, url);
    await office.page.goto(`${url}/devices`);
    need((await office.page.textContent('main')).includes(version), 'the page does not show the version');
    for (const path of ['/cards', '/devices']) {
      await office.page.goto(url + path);
      const found = await axe(office.page);
      if (found.length || await overflow(office.page) > 0) throw new Error(`${path}: ${found}`);
    }
    const completion = await (await api('/v1/completion')).json();
    need(JSON.stringify(completion).includes('self_share'), 'no share of self-responses');
    await office.context.close();
    await context.close();
    return [...faults, ...office.faults];
  });

  // Last: the service goes back to yesterday.
  await check('phone long: a service restored from a backup gets back what it lost, ID numbers too, and the phone can read none', async () => {
    const { context, page, faults } = await enrolled(url, 'e02');
    const backup = join(mkdtempSync('/tmp/doorknock-phone-'), 'yesterday.backup');
    service.command('backup', backup);
    const id = await begin(page, 0);
    await list(page, ['钱一', '钱二']);
    await next(page);
    await page.fill(`${at('person.1.citizen_id')} input`, '41999919850307002X');
    await end(page, 'partial');
    await later(page);
    const door = await knock(page, 4, 'refusal_soft');
    await dismiss(page);
    await until(page, { waiting: '0', drafts: '0' });
    // Somebody else may have been at that door before.
    const ours = async () => { const answer = await api(`/v1/cases/${id}`); return answer.ok ? (await answer.json()).interviews.find(i => i.persons[0]?.name === '钱一') : undefined; };
    const before = await ours();
    need(before.persons[0].citizen_id === 'present', JSON.stringify(before.persons[0]));
    const kept = JSON.stringify(await model(page, 'sent'));
    need(!kept.includes('41999919850307002'), 'the phone can read the number');
    need(kept.includes('"box"'), 'no sealed copy is kept');
    await service.restored(backup);
    need((await visits()).every(line => !line.includes(door)) || !(await told(door)).visits.some(v => v.outcome === 'refusal_soft'), 'the backup is not of yesterday');
    await page.click('nav.bot a[href="/phone/sync"]');
    await eventually(async () => {
      if (await page.locator('[data-act=send]:enabled').count()) await page.click('[data-act=send]');
      return (await ours()) && (await told(door)).visits.some(v => v.outcome === 'refusal_soft');
    }, 'it was not sent again', 90_000);
    await until(page, { waiting: '0' });
    const after = await ours();
    need(after.id === before.id && after.persons[0].citizen_id === 'present' && after.persons[0].name === '钱一', JSON.stringify(after));
    need((await told(door)).visits.filter(v => v.outcome === 'refusal_soft').length === 1, 'a visit came twice');
    await context.close();
    return faults;
  });

  await check('phone long: no failure in the log of the service', () => service.log().split('\n').filter(l => / ERROR |panicked/.test(l)).slice(0, 3));
} finally {
  await browser.close();
  await service.stop();
}
tell();
