// A resident fills in the form under the code of a card, and everybody who should not gets nothing: wrong codes and PINs, two tabs, Back,
// the same answer twice, the enumerator at the same minute, another survey's code, readers of the disk. Closing line: "N passed, N failed".
import { randomUUID } from 'node:crypto';
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { axe, launch, open, overflow, signIn } from './browser.mjs';
import { check, need, tell } from './checks.mjs';
import { start } from './service.mjs';

const service = await start(), browser = await launch();
const { url } = service;
const NAME = '欧阳测试甲', PIN = '246810';
const supervisor = service.command('token', 's01').trim().split(/\s+/)[0];
const device_id = randomUUID(), phone = service.command('token', 'e01', '--device', device_id).trim().split('\n').pop();
const ask = async (token, path, body) => {
  const answer = await fetch(url + path, { method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const told = id => ask(supervisor, `/v1/cases/${id}`);
const cardsOf = (count, ...more) => service.command('cards', '--count', String(count), '--for', 'e01', '--format', 'csv', ...more).trim().split('\n').slice(1).map(line => line.replace(/\r/, '').split(','));
const deck = cardsOf(30), { items } = await ask(supervisor, '/v1/cases?area=410181004006-06&state=new&limit=60');
const send = records => ask(phone, '/v1/batches', { batch_id: randomUUID(), survey: 'census-2020', device_id, sent_at: new Date().toISOString(), waiting: 0, records });
const visit = (case_id, outcome, more = {}) => ({ type: 'visit', id: randomUUID(), case_id, at: new Date().toISOString(), outcome, channel: 'in_person', ...more });

/** A card left at a door that nobody has visited; `bound: false` leaves the visit out. */
async function card({ bound = true } = {}) {
  const [number, code] = deck.shift(), id = items.shift().id;
  if (bound) {
    const { receipts: [receipt] } = await send([visit(id, 'no_answer', { card: number })]);
    need(receipt.status === 'accepted' && !receipt.warnings?.length, JSON.stringify(receipt));
  }
  return { number, code, id };
}
const go = (page, value) => page.click(`button[name=go][value=${value}]`);
async function enter(page, code) {
  await page.goto(`${url}/card`);
  await page.fill('#code', code);
  await go(page, 'open');
}
const screen = page => page.locator('[data-screen]').getAttribute('data-screen');
async function person(page, name, relationship = 'head') {
  await page.fill('[name=name]', name);
  await page.selectOption('[name=sex]', 'f');
  await page.selectOption('[name=relationship]', relationship);
  await page.fill('[name=birth_y]', '1985');
  await page.fill('[name=birth_m]', '3');
  await page.selectOption('[name=stayed_here]', 'yes');
  for (const field of ['stayed_at', 'registered_at', 'time_away']) await page.selectOption(`[name=${field}]`, '1');
}
/** From the menu to the last screen, with one person. */
async function filled(page, name = NAME) {
  await go(page, 'fill');
  await go(page, 'next');
  await person(page, name);
  await go(page, 'next');
  need(await screen(page) === 'end', await page.textContent('main'));
}
const resident = (more = {}) => open(browser, url, { width: 390, script: false, ...more });

try {
  for (const [language, width, scale, theme] of [['en', 320, 1, 'light'], ['zh', 390, 1, 'dark'], ['zh', 720, 2, 'light']]) await check(`card: from the code to the reference, every screen (${language} ${width} ${theme})`, async () => {
    const { code, id } = await card();
    // axe needs script; the same page without it is walked by the other checks.
    const { context, page, faults } = await resident({ language, width, scale, theme, script: true });
    const found = [], addresses = [];
    page.on('request', request => addresses.push(request.url()));
    const look = async where => {
      found.push(...(await axe(page)).map(v => `${where}: ${v}`));
      if (await overflow(page) > 0) found.push(`${where}: too wide`);
      const size = await page.evaluate(() => parseFloat(getComputedStyle(document.querySelector('.resident')).fontSize));
      if (size < 18) found.push(`${where}: letters of ${size} px`);
    };
    await enter(page, code.toLowerCase());
    await look('menu');
    await go(page, 'fill');
    await look('household');
    await go(page, 'next');
    await look('person');
    await go(page, 'next');
    await look('person with faults');
    need(await page.locator('[data-problem]').count() >= 4, 'what is missing is not marked');
    await person(page, NAME);
    await go(page, 'add');
    await person(page, '欧阳测试乙', 'child');
    await go(page, 'next');
    await look('end');
    need(await page.locator('ol li').count() === 2, 'not two people');
    await go(page, 'submit');
    await look('sent');
    need(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/.test(await page.textContent('[data-reference]')), 'no reference');
    const door = await told(id);
    need(door.state === 'completed' && door.visits.at(-1).outcome === 'self_response' && door.visits.at(-1).channel === 'online', `${door.state} ${JSON.stringify(door.visits.at(-1))}`);
    need(door.interviews.at(-1).persons.length === 2 && door.interviews.at(-1).respondent === 'member', JSON.stringify(door.interviews.at(-1)));
    need(addresses.every(address => !decodeURIComponent(address).includes('欧阳') && !address.includes(code.replaceAll('-', ''))), 'something of the answer stands in an address');
    const kept = await page.evaluate(async () => ({ cookies: document.cookie, local: localStorage.length, session: sessionStorage.length, bases: (await indexedDB.databases()).length, caches: (await caches.keys()).length }));
    need(Object.values(kept).every(v => !v), `something is kept in the browser: ${JSON.stringify(kept)}`);
    await context.close();
    return [...found, ...faults];
  });

  await check('card: kept with a PIN, gone on with on another device; without the PIN nothing is shown', async () => {
    const { code, id } = await card();
    const first = await resident();
    await enter(first.page, code);
    await filled(first.page);
    await go(first.page, 'save');
    need(await first.page.locator('#trouble').count() === 1, 'kept without a PIN');
    await first.page.fill('#pin', PIN);
    await go(first.page, 'save');
    need(await first.page.locator('[role=status]').count() === 1, 'not kept');
    await first.context.close();
    need((await told(id)).state !== 'completed', 'what is only kept counts');
    const second = await resident({ language: 'zh' });
    await enter(second.page, code);
    need(!(await second.page.content()).includes(NAME), 'the code alone shows an answer');
    await second.page.fill('#pin', '111111');
    await go(second.page, 'continue');
    need(await second.page.locator('#trouble').count() === 1 && !(await second.page.content()).includes(NAME), 'a wrong PIN shows an answer');
    await second.page.fill('#pin', PIN);
    await go(second.page, 'continue');
    need(await screen(second.page) === 'end' && (await second.page.textContent('ol')).includes(NAME), 'the answers are not there');
    await second.page.fill('#pin', PIN);
    await go(second.page, 'submit');
    need(await second.page.locator('[data-reference]').count() === 1, 'not sent');
    need((await told(id)).state === 'completed', 'it does not count');
    await second.context.close();
    return [...first.faults, ...second.faults];
  });

  await check('card: five wrong PINs in a row make the next one wait', async () => {
    const { code } = await card();
    const { context, page } = await resident();
    await enter(page, code);
    await filled(page);
    await page.fill('#pin', PIN);
    await go(page, 'save');
    await enter(page, code);
    for (let i = 0; i < 5; i += 1) {
      await page.fill('#pin', `00000${i}`);
      await go(page, 'continue');
    }
    await page.fill('#pin', PIN);
    const [answer] = await Promise.all([page.waitForResponse(r => r.url().endsWith('/card')), go(page, 'continue')]);
    need(answer.status() === 429 && Number(answer.headers()['retry-after']) > 60, `answered ${answer.status()}`);
    need(!(await page.content()).includes(NAME), 'an answer is shown');
    await context.close();
  });

  await check('card: two tabs, Back and a second tap make one answer; nothing is shown afterwards', async () => {
    const { code, id } = await card();
    const { context, page, faults } = await resident({ script: true });
    await enter(page, code);
    await filled(page);
    const tab = await context.newPage();
    await enter(tab, code);
    await filled(tab, '欧阳测试丙');
    await page.fill('#pin', PIN);
    // Two taps, one after the other, before the answer is there.
    await page.evaluate(() => { const b = document.querySelector('button[value=submit]'), f = b.form, data = new URLSearchParams(new FormData(f)); data.set('go', 'submit'); window.twice = fetch(f.action, { method: 'POST', body: data }); });
    await go(page, 'submit');
    const reference = await page.textContent('[data-reference]');
    // What was sent is not kept by the browser: Back asks for it again, or shows that it is gone.
    await page.goBack().catch(() => page.waitForTimeout(500));
    need(!(await page.content()).includes(NAME), 'Back shows the answer');
    await enter(page, code);
    need(!(await page.content()).includes(NAME), 'the answer is shown again');
    // The other tab does not know the PIN: its answer waits for a supervisor and replaces nothing.
    await go(tab, 'submit');
    need(await tab.textContent('[data-reference]') !== reference, 'the same reference');
    const door = await told(id);
    const inForce = door.interviews.filter(i => i.current);
    need(inForce.length === 1 && inForce[0].persons[0].name === NAME, JSON.stringify(door.interviews.map(i => [i.current, i.revision, i.persons[0]?.name])));
    need(door.visits.filter(v => v.outcome === 'self_response').length === 1, 'more than one visit');
    const { items: held } = await ask(supervisor, '/v1/held?limit=200');
    need(held.some(h => h.reason === 'self-second'), 'the second answer does not wait');
    await context.close();
    return faults;
  });

  await check('card: in the same minute as the enumerator: both are kept, the one at the door counts', async () => {
    const { code, id } = await card();
    const { context, page, faults } = await resident();
    await enter(page, code);
    await filled(page);
    const at = visit(id, 'interview_complete');
    const form = { type: 'interview', id: randomUUID(), case_id: id, visit_id: at.id, revision: 1, at: at.at, result: 'complete', respondent: 'head', household: { household_type: 'family', n_stayed: 1, n_registered_absent: 0 },
      persons: [{ person_no: 1, name: '门口的人', sex: 'f', birth: { y: 1985, m: 3 }, relationship: 'head', stayed_here: true, stayed_at: 1, registered_at: 1, time_away: 1 }] };
    const [sent] = await Promise.all([send([at, form]), go(page, 'submit')]);
    need(sent.receipts.every(r => r.status === 'accepted'), JSON.stringify(sent.receipts));
    need(await page.locator('[data-reference]').count() === 1, 'the resident gets no reference');
    const door = await told(id);
    need(door.state === 'completed' && door.interviews.length === 2, `${door.state}, ${door.interviews.length} interviews`);
    need(door.interviews.find(i => i.current).persons[0].name === '门口的人', 'the answer from afar counts');
    await context.close();
    return faults;
  });

  await check('card: "not my door" says nothing of the door; a second household gets a case of its own', async () => {
    const { code, id } = await card();
    const { context, page, faults } = await resident();
    await enter(page, code);
    await go(page, 'not-mine');
    need(await page.locator('[data-screen]').count() === 0, 'a form is shown');
    await enter(page, code);
    await go(page, 'second');
    await go(page, 'next');
    await person(page, '另一户人');
    await go(page, 'next');
    await go(page, 'submit');
    need(await page.locator('[data-reference]').count() === 1, 'not taken');
    const door = await told(id);
    need(door.state !== 'completed', 'the listed household is completed by another one');
    const address = [door.building, door.unit, door.room].filter(Boolean).join('-');
    const listed = await (await fetch(`${url}/v1/export/cases.csv?area=${door.area}`, { headers: { authorization: `Bearer ${supervisor}` } })).text();
    need(listed.split('\n').some(line => line.includes('completed') && /[,"]2[,"]/.test(line)), `no second household at ${address}`);
    await context.close();
    return faults;
  });

  await check('card: one that was not reported yet asks for the door, waits, and is joined with its visit', async () => {
    const { number, code, id } = await card({ bound: false });
    const door = await told(id);
    const { context, page, faults } = await resident();
    await enter(page, code);
    await go(page, 'fill');
    need(await screen(page) === 'door', await screen(page));
    for (const [field, value] of [['building', door.building], ['unit', door.unit], ['room', door.room]]) await page.fill(`[name=${field}]`, value ?? '');
    await go(page, 'next');
    await go(page, 'next');
    await person(page, NAME);
    await go(page, 'next');
    await go(page, 'submit');
    need(await page.locator('[data-reference]').count() === 1, 'no reference');
    need((await told(id)).state === 'new', 'it counts before it is known where the card was left');
    await send([visit(id, 'no_answer', { card: number })]);
    need((await told(id)).state === 'completed', 'it was not joined with its visit');
    await context.close();
    return faults;
  });

  await check('card: an answer takes the door from the phone and from tomorrow\'s plan', async () => {
    const { code, id } = await card();
    const first = async () => {
      let cursor = '', found = null;
      for (let more = true; more;) {
        const page = await ask(phone, `/v1/changes?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
        found = page.changes.find(c => c.kind === 'case' && c.data.id === id)?.data ?? found;
        ({ cursor, more } = page);
      }
      return found;
    };
    need((await first()).state !== 'completed', 'completed before');
    const { context, page, faults } = await resident();
    await enter(page, code);
    await filled(page);
    need((await first()).self?.started_at, 'the phone does not hear that somebody has begun');
    await go(page, 'submit');
    const now = await first();
    need(now.state === 'completed' && now.completed.by === 'self' && now.completed.channel === 'online', JSON.stringify(now));
    const tomorrow = new Date(Date.now() + 86_400_000).toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' });
    const { enumerators } = await ask(supervisor, `/v1/plan?on=${tomorrow}`);
    need(enumerators.every(e => e.stops.every(stop => stop.case_id !== id)), 'somebody is sent there tomorrow');
    await context.close();
    return faults;
  });

  await check('card: a supervisor takes the interview by telephone; sent twice it is one', async () => {
    const { id } = await card();
    const { context, page, faults } = await open(browser, url, { width: 390, language: 'zh' });
    await signIn(page, url);
    await page.goto(`${url}/cases/${id}`);
    await page.click(`a[href="/cases/${id}/form"]`);
    need(await page.locator('[name=code], #pin').count() === 0, 'a code is asked for');
    const found = [...await axe(page)];
    await go(page, 'next');
    await go(page, 'next');
    need(await page.locator('[data-problem]').count() >= 4, 'what is missing is not marked');
    found.push(...await axe(page));
    await person(page, '电话里的人');
    await go(page, 'next');
    need(await screen(page) === 'end', await page.textContent('main'));
    const again = await page.evaluate(() => new URLSearchParams(new FormData(document.querySelector('form[data-screen]'))).toString());
    await go(page, 'submit');
    await page.waitForURL(`${url}/cases/${id}?done=telephone`);
    need(await page.locator('.toast').count() === 1, 'it is not said that it is stored');
    const twice = await page.evaluate(async ([path, body]) => (await fetch(path, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `${body}&go=submit` })).url, [`/cases/${id}/form`, again]);
    need(twice.includes('done=telephone'), `the second time: ${twice}`);
    const door = await told(id), last = door.visits.at(-1);
    need(door.state === 'completed' && last.outcome === 'interview_complete' && last.channel === 'telephone' && last.enumerator === 's01', JSON.stringify(last));
    need(door.interviews.length === 1 && door.interviews[0].persons[0].name === '电话里的人' && door.interviews[0].enumerator === 's01', JSON.stringify(door.interviews));
    await context.close();
    return [...found, ...faults];
  });

  await check('card: a code of another survey reaches nothing of this one', async () => {
    const other = join(service.setup, '../other');
    cpSync(service.setup, other, { recursive: true });
    const file = join(other, 'survey.toml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^id = .*/m, 'id = "other-2020"'));
    service.command('setup', other, '--accept', 'new-survey');
    const [[, code]] = cardsOf(1, '--survey', 'other-2020'), door = await told(items.shift().id);
    const { context, page, faults } = await resident();
    await enter(page, code);
    await go(page, 'fill');
    for (const [field, value] of [['building', door.building], ['unit', door.unit], ['room', door.room]]) await page.fill(`[name=${field}]`, value ?? '');
    await go(page, 'next');
    await go(page, 'next');
    await person(page, NAME);
    await go(page, 'next');
    await go(page, 'submit');
    const now = await told(door.id);
    need(now.state === 'new' && now.interviews.length === 0 && now.visits.length === 0, 'it reached a door of this survey');
    await context.close();
    return faults;
  });

  await check('card: nothing of an unfinished answer can be read on the disk, in the log or in a cache', async () => {
    const { code } = await card(), secret = '司徒无人可读';
    const { context, page, faults } = await resident();
    const heads = [];
    page.on('response', r => { if (r.url().endsWith('/card')) heads.push(r.headers()['cache-control']); });
    await enter(page, code);
    await filled(page, secret);
    await page.fill('#pin', PIN);
    await go(page, 'save');
    need(await page.locator('[role=status]').count() === 1, 'not kept');
    need(heads.length > 3 && heads.every(h => h === 'no-store'), heads.join(' '));
    await context.close();
    await service.down();
    const searched = [], wanted = [secret, code, code.replaceAll('-', '')].map(text => Buffer.from(text));
    const walk = dir => {
      for (const entry of readdirSync(dir)) {
        const path = join(dir, entry), about = statSync(path);
        if (about.isDirectory()) walk(path);
        else if (about.isFile()) {
          const bytes = readFileSync(path);
          searched.push(path);
          for (const text of wanted) need(!bytes.includes(text), `${text} stands in ${path}`);
        }
      }
    };
    walk(service.data);
    need(searched.length > 100, `${searched.length} files looked at`);
    await service.up();
    for (const text of [secret, NAME, code, code.replaceAll('-', ''), PIN]) need(!service.log().includes(text), `${text} stands in the log`);
    return faults;
  });

  // Last, as this address has to wait afterwards.
  await check('card: wrong codes look like no card at all, and guessing is slowed', async () => {
    const { context, page } = await resident();
    let status = 0, words;
    for (let i = 0; i < 40 && status !== 429; i += 1) {
      const answer = await fetch(`${url}/card`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ code: `WRNG-CDE${i % 8 + 2}-2345`, go: 'open' }) });
      ({ status } = answer);
      if (status !== 429) {
        const now = (await answer.text()).match(/id="trouble">([^<]*)/)?.[1];
        need(now && (words ?? now) === now, `another answer: ${now}`);
        words = now;
      } else need(Number(answer.headers.get('retry-after')) > 0, 'it is not said how long');
    }
    need(status === 429, 'guessing is never slowed');
    await context.close();
  });

  await check('card: no failure in the log of the service', () => service.log().split('\n').filter(l => / ERROR |panicked/.test(l)).slice(0, 3));
} finally {
  await browser.close();
  await service.stop();
}
tell();
