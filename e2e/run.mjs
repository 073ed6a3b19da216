// Everything the supervisor's pages promise, tried in a real browser against the real program. Closing line:
// "N passed, N failed".
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { axe, launch, open, overflow, signIn } from './browser.mjs';
import { addresses } from './pages.mjs';
import { evil, password, start } from './service.mjs';

let passed = 0, failed = 0;
async function check(name, work) {
  try {
    const faults = (await work()) ?? [];
    if (faults.length) throw new Error(faults.join('\n    '));
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n    ${error.message.split('\n').slice(0, 12).join('\n    ')}`);
  }
}
function need(holds, words) { if (!holds) throw new Error(words); }

const service = await start();
const { url } = service;
const browser = await launch();
const begun = Date.now();
try {
  // Signing in, once per language; the sessions are used by all the rest.
  const states = {};
  let places;
  for (const language of ['en', 'zh']) await check(`sign in (${language})`, async () => {
    const { context, page, faults } = await open(browser, url, { language });
    await page.goto(url);
    need(page.url() === `${url}/login?next=/`, `sent to ${page.url()}`);
    await page.fill('#user', 's01');
    await page.fill('#password', 'wrong');
    await page.click('form button.pri');
    const words = await page.textContent('#trouble');
    await page.fill('#user', 'nobody');
    await page.fill('#password', 'wrong');
    await page.click('form button.pri');
    need(words === await page.textContent('#trouble'), 'an unknown user looks different');
    await signIn(page, url);
    need((await page.locator('html').getAttribute('lang')) === (language === 'zh' ? 'zh-CN' : 'en'), 'language');
    places ??= await addresses(page, url);
    states[language] = await context.storageState();
    await context.close();
    return faults;
  });

  // Accessibility, width, foreign requests: every page, both languages, two sizes, two themes.
  for (const language of ['en', 'zh']) for (const width of [1440, 390]) for (const theme of ['light', 'dark']) {
    const { context, page, faults } = await open(browser, url, { language, width, theme, state: states[language] });
    for (const path of places.all) await check(`axe ${path} ${language} ${width} ${theme}`, async () => {
      faults.length = 0;
      await page.goto(url + path);
      const found = await axe(page);
      const over = await overflow(page);
      if (over > 0) found.push(`${over} px too wide`);
      return [...found, ...faults];
    });
    await context.close();
  }

  // 320 px wide, and a desktop at 200 % zoom: nothing scrolls sideways but what says so.
  for (const [width, scale] of [[320, 1], [720, 2]]) for (const language of ['en', 'zh']) {
    const { context, page } = await open(browser, url, { language, width, scale, state: states[language] });
    for (const path of places.all) await check(`width ${path} ${language} ${width}`, async () => {
      await page.goto(url + path);
      const over = await overflow(page);
      return over > 0 ? [`${over} px too wide`] : [];
    });
    await context.close();
  }

  // A supervisor's evening.
  for (const language of ['en', 'zh']) await check(`stuck building, door, decision, undo, assignment (${language})`, async () => {
    const { context, page, faults } = await open(browser, url, { language, state: states[language] });
    await page.goto(url);
    await page.click('.alerts a[href^="/buildings/"]');
    need(await page.locator('.door').count() > 0, 'no doors');
    await page.goto(url + places.building);
    const door = page.locator('.door.k-again').first();
    await door.click();
    await page.waitForFunction(() => document.querySelector('#door .btn.pri'));
    await page.click('#door .btn.pri');
    const before = await page.textContent('.titlebar .tag');
    const close = page.locator('.decision', { has: page.locator('input[value=close]') });
    await close.locator('summary').click();
    await close.locator('select').selectOption('NC');
    await close.locator('input[name=reason]').fill('moved away, says the neighbour');
    await close.locator('button').click();
    need((await page.textContent('.titlebar .tag')) !== before, 'the state did not change');
    need((await page.textContent('.timeline')).includes('moved away'), 'the reason is not in the history');
    await page.click('.toast button');
    need((await page.textContent('.titlebar .tag')).trim() === before.trim(), 'undo did not bring the state back');
    await page.selectOption('#enumerator', 'e02');
    await page.click('#assign ~ form button, form[action="/assign"] button');
    need((await page.textContent('.toast')).includes('1'), 'nothing was assigned');
    need((await page.textContent('dl.kv')).includes('陈晓'), 'the holder is not shown');
    await context.close();
    return faults;
  });

  await check('return visits: several doors to one person', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/returns`);
    const boxes = page.locator('tbody input[type=checkbox]');
    for (const i of [0, 1, 2]) await boxes.nth(i).check();
    await page.selectOption('#enumerator', 'e03');
    await page.click('.give button');
    need((await page.textContent('.toast')).includes('3'), await page.textContent('.toast'));
    await context.close();
    return faults;
  });

  await check('a duplicate is judged by key and taken back', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/review`);
    const title = await page.textContent('#k-pair');
    const waiting = await page.locator('.queue li').count();
    await page.keyboard.press('k');
    await page.waitForURL(/done=link_apart/);
    await page.goto(`${url}/review`);
    need(await page.locator('.queue li').count() === waiting - 1, 'the pair still waits');
    await page.goBack();
    await page.keyboard.press('u');
    await page.waitForURL(/done=link_undo/);
    need((await page.textContent('#k-pair')) === title, 'the pair did not come back');
    await context.close();
    return faults;
  });

  await check('a pair that somebody else has judged stays as it is', async () => {
    const { context, page } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/review`);
    await page.evaluate(() => { document.querySelector('.decide').closest('form').elements.version.value = '0'; });
    await Promise.all([page.waitForResponse(r => r.request().method() === 'POST' && r.status() === 409), page.click('button[value=apart]')]);
    need(await page.locator('.notice[role=alert]').count() === 1, 'not told');
    await context.close();
  });

  await check('a held record is refused with a reason', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/held`);
    const n = await page.locator('.cards > li').count();
    const first = page.locator('.cards > li').first();
    await first.locator('summary').click();
    await first.locator('input[name=note]').fill('wrong clock, asked on the phone');
    await first.locator('button[value=refuse]').click();
    need(await page.locator('.cards > li').count() === n - 1, 'it is still there');
    await context.close();
    return faults;
  });

  await check('an enrolment code is shown once', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/devices`);
    await page.click('form[action="/devices/code"] button');
    need(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/.test(await page.textContent('.code')), 'no code');
    need(await page.locator('.qr').count() === 1, 'no picture');
    await context.close();
    return faults;
  });

  await check('keyboard only: skip link, grid, panel', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(url + places.building);
    await page.keyboard.press('Tab');
    need(await page.evaluate(() => document.activeElement.matches('.skip')), 'the first stop is not the skip link');
    await page.keyboard.press('Enter');
    let stops = 0;
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement.matches('.door'))) { stops += 1; break; }
    }
    need(stops === 1, 'the grid cannot be reached');
    const at = () => page.evaluate(() => document.activeElement.textContent.trim());
    const here = await at();
    await page.keyboard.press('ArrowRight');
    const right = await at();
    await page.keyboard.press('ArrowLeft');
    need(right !== here && await at() === here, 'arrows do not move');
    await page.keyboard.press('ArrowDown');
    need(await at() !== here, 'down does not move');
    await page.keyboard.press('Control+End');
    const last = await at();
    await page.keyboard.press('Control+Home');
    need(await at() !== last, 'Ctrl+Home does not move');
    const n = await page.locator('[role=grid]').count();
    need(await page.locator('.door[tabindex="0"]').count() === n, 'more than one stop per unit');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#door .btn.pri'));
    need(await page.evaluate(() => document.activeElement.id === 'door'), 'focus is not in the panel');
    await context.close();
    return faults;
  });

  await check('script off: pages read, a decision can be taken', async () => {
    const { context, page } = await open(browser, url, { state: states.zh, script: false });
    for (const path of places.all) {
      const answer = await page.goto(url + path);
      need(answer.status() === (path === '/no-such-page' ? 404 : 200), `${path}: ${answer.status()}`);
      need((await page.textContent('main')).trim().length > 20, `${path} is empty`);
    }
    await page.goto(url + places.building);
    await page.locator('.door').first().click();
    need(await page.locator('#door .btn.pri').count() === 1, 'no panel without script');
    await page.locator('.chip').first().click();
    need(await page.locator('.door.dim').count() > 0, 'no highlight without script');
    await context.close();
  });

  await check('what an enumerator wrote stays text', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/cases/${service.evilCase}`);
    need((await page.textContent('.timeline')).includes(evil), 'the note is not shown as written');
    need(await page.evaluate(() => window.hacked === undefined), 'the note ran');
    need(await page.locator('.timeline img, .timeline script').count() === 0, 'the note became elements');
    await context.close();
    return faults;
  });

  await check('the content policy and its neighbours stand on every page', async () => {
    const faults = [];
    const { context } = await open(browser, url, { state: states.en });
    for (const path of [...places.all, '/login']) {
      const { headers } = await context.request.get(url + path, { headers: { accept: 'text/html' } }).then(r => ({ headers: r.headers() }));
      const policy = headers['content-security-policy'] ?? '';
      if (!policy.includes("default-src 'none'") || /unsafe/.test(policy)) faults.push(`${path}: ${policy}`);
      for (const [name, value] of [['x-content-type-options', 'nosniff'], ['x-frame-options', 'DENY'], ['cache-control', 'no-store'], ['referrer-policy', 'same-origin']])
        if (headers[name] !== value) faults.push(`${path}: ${name} ${headers[name]}`);
    }
    await context.close();
    return faults;
  });

  await check('a form without the token of its session is refused', async () => {
    const { context } = await open(browser, url, { state: states.en });
    const answer = await context.request.post(`${url}${places.case}/decisions`, { form: { decision: 'cancel', reason: 'x' }, headers: { accept: 'text/html' } });
    need(answer.status() === 403, `answered ${answer.status()}`);
    await context.close();
  });

  await check('signed out with a form open: nothing typed is lost', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await signIn(page, url);
    await page.goto(url + places.case);
    const cancel = page.locator('.decision', { has: page.locator('input[value=cancel]') });
    await cancel.locator('summary').click();
    await cancel.locator('input[name=reason]').fill('kept over the time-out');
    await context.clearCookies({ name: 'doorknock_session' });
    await cancel.locator('button').click();
    need(await page.locator('.notice').count() === 1, 'not told that the form is kept');
    await page.fill('#user', 's01');
    await page.fill('#password', password);
    await page.click('form button.pri');
    need((await page.textContent('main')).includes('kept over the time-out'), 'the reason is lost');
    await page.click('form button.pri');
    need((await page.textContent('.timeline')).includes('kept over the time-out'), 'it was not sent');
    await page.click('.toast button');
    await context.close();
    return faults;
  });

  await check('figures that cannot be refreshed stay, and say of when they are', async () => {
    const { context, page } = await open(browser, url, { state: states.en });
    await page.goto(url);
    const figures = await page.textContent('.big');
    await page.route('**/*part=asof*', r => r.abort());
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.waitForFunction(() => document.querySelector('.asof .state').textContent !== '');
    need((await page.textContent('.big')) === figures, 'the figures went away');
    await page.unroute('**/*part=asof*');
    await page.evaluate(() => { document.querySelector('[data-refresh]').focus({ preventScroll: true }); scrollTo(0, 300); });
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.asof .state').textContent === '');
    need(await page.evaluate(() => scrollY === 300 && document.activeElement.matches('[data-refresh]')), 'focus or scroll moved');
    await context.close();
  });

  await check('the as-of part is not sent again while nothing changed', async () => {
    const { context } = await open(browser, url, { state: states.en });
    const first = await context.request.get(`${url}/?part=asof`);
    const tag = first.headers().etag;
    const again = await context.request.get(`${url}/?part=asof`, { headers: { 'if-none-match': tag } });
    need(again.status() === 304 && again.headers()['x-as-of'], `answered ${again.status()}`);
    await context.close();
  });

  await check('rows add up to the total', async () => {
    const { context, page } = await open(browser, url, { state: states.en });
    await page.goto(url);
    const sums = await page.evaluate(() => {
      const numbers = row => [...row.children].slice(1).map(cell => (cell.textContent.replaceAll(',', '').match(/^\s*(\d+)/) ?? [])[1]).map(Number);
      const rows = [...document.querySelectorAll('table.wide tbody tr')].map(numbers);
      const total = numbers(document.querySelector('table.wide tfoot tr'));
      return [0, 3, 4, 5, 6, 7].map(i => [rows.reduce((all, r) => all + r[i], 0), total[i]]);
    });
    for (const [sum, total] of sums) need(sum === total, `${sum} is not ${total}`);
    const legend = await page.evaluate(() => [...document.querySelectorAll('.g-kpi .legend b')].reduce((n, b) => n + Number(b.textContent.replaceAll(',', '')), 0));
    const due = Number((await page.locator('.big small a').last().textContent()).replaceAll(',', ''));
    need(legend === due, `the legend adds up to ${legend}, due are ${due}`);
    await context.close();
  });

  for (const language of ['en', 'zh']) await check(`the sheet prints on A4 (${language})`, async () => {
    const { context, page, faults } = await open(browser, url, { language, state: states[language] });
    await page.goto(`${url}/print/sheet?enumerator=e01`);
    need(await page.locator('.print tbody tr').count() > 5, 'the sheet is empty');
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
    need(pages >= 1 && pages < 12, `${pages} pages`);
    await page.emulateMedia({ media: 'print' });
    need(!(await page.locator('header.top').isVisible()), 'the top bar is printed');
    await context.close();
    return faults;
  });

  await check('forced colours: signs and words remain', async () => {
    const { context, page } = await open(browser, url, { state: states.en });
    await page.emulateMedia({ forcedColors: 'active' });
    await page.goto(url + places.building);
    need(await page.locator('.door .sign').first().isVisible(), 'no sign');
    await context.close();
  });

  await check('set-up: faults are shown, a good one is tried and applied', async () => {
    const { context, page, faults } = await open(browser, url);
    await signIn(page, url, 'admin');
    await page.goto(`${url}/setup`);
    const files = ['survey.toml', 'areas.csv', 'dwellings.csv', 'staff.csv'].map(n => join(service.setup, n));
    const broken = readFileSync(files[1], 'utf8').replace('410181004,410181', '410181004,999999');
    await page.setInputFiles('#files', [files[0], files[2], files[3]].map(f => ({ name: f.split('/').pop(), mimeType: 'text/csv', buffer: readFileSync(f) }))
      .concat({ name: 'areas.csv', mimeType: 'text/csv', buffer: Buffer.from(broken) }));
    await page.click('form[enctype] button');
    need((await page.textContent('.faults')).includes('areas.csv'), 'no fault is shown');
    await page.setInputFiles('#files', files);
    await page.click('form[enctype] button');
    need(await page.locator('form[action="/setup/apply"]').count() === 1, await page.textContent('main'));
    await page.click('form[action="/setup/apply"] button');
    need(await page.locator('.toast').count() === 1, 'not applied');
    await context.close();
    return faults;
  });

  await check('nobody but an administrator reaches the set-up', async () => {
    const { context } = await open(browser, url, { state: states.en });
    need((await context.request.get(`${url}/setup`)).status() === 403, 'a supervisor sees it');
    await context.close();
  });

  await check('signing out ends the session', async () => {
    const { context, page } = await open(browser, url);
    await signIn(page, url);
    await page.click('.menu summary');
    await page.click('.menu form button');
    await page.goto(url);
    need(page.url().startsWith(`${url}/login`), 'still in');
    await context.close();
  });

  await check('no failure in the log of the service', () => service.log().split('\n').filter(l => / ERROR |panicked/.test(l)).slice(0, 3));
} finally {
  await browser.close();
  await service.stop();
}
console.log(`pages: ${Math.round((Date.now() - begun) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
