// Everything the supervisor's pages promise, tried in a real browser against the real program. Closing line:
// "N passed, N failed".
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { axe, launch, open, overflow, signIn } from './browser.mjs';
import { check, need, tell, ways } from './checks.mjs';
import { addresses, statusOf } from './pages.mjs';
import { evil, password, start } from './service.mjs';

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
  }, { always: true });

  // Accessibility, width, foreign requests: every page, both languages, two sizes, two themes.
  for (const [language, width, theme] of ways(['en', 'zh'], [1440, 390], ['light', 'dark'])) {
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
  for (const [[width, scale], language] of ways([[320, 1], [720, 2]], ['zh', 'en'])) {
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
    await page.goto(`${url}/returns?only=all`);
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
      need(answer.status() === statusOf(path), `${path}: ${answer.status()}`);
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
      // The engine of forms compiles a program, and the shell may be kept as long as the service says it is the same.
      const isPhone = path === '/phone/', kept = isPhone ? 'no-cache' : 'no-store';
      const policy = (headers['content-security-policy'] ?? '').replace(isPhone ? " 'wasm-unsafe-eval'" : '', '');
      if (!policy.includes("default-src 'none'") || /unsafe/.test(policy)) faults.push(`${path}: ${policy}`);
      for (const [name, value] of [['x-content-type-options', 'nosniff'], ['x-frame-options', 'DENY'], ['cache-control', kept], ['referrer-policy', 'same-origin']])
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
      const columns = [0, 3, 4, 5, 6, 7, 8].map(i => [rows.reduce((all, r) => all + r[i], 0), total[i]]);
      // In each row the doors completed and those of every other look but the last are the doors due.
      const due = row => Number(row.children[1].textContent.replaceAll(',', '').split('/')[1]);
      const whole = [...document.querySelectorAll('table.wide tbody tr')].map(row => { const n = numbers(row); return [n[0] + n[3] + n[4] + n[5] + n[6] + n[7], due(row)]; });
      return [...columns, ...whole];
    });
    for (const [sum, total] of sums) need(sum === total, `${sum} is not ${total}`);
    const legend = await page.evaluate(() => [...document.querySelectorAll('.g-kpi .legend b')].reduce((n, b) => n + Number(b.textContent.replaceAll(',', '')), 0));
    const due = Number((await page.locator('.big small a').last().textContent()).replaceAll(',', ''));
    need(legend === due, `the legend adds up to ${legend}, due are ${due}`);
    await context.close();
  });

  let batch = 0;
  for (const [language, width, theme] of ways(['en', 'zh'], [1440, 320], ['light', 'dark'])) await check(`cards and the page of residents (${language} ${width} ${theme})`, async () => {
    const { context, page, faults } = await open(browser, url, { language, width, theme, state: states[language] });
    await page.goto(`${url}/returns?only=all`);
    // Other doors each time: a card takes five answers a day.
    batch += 3;
    for (const i of [0, 1, 2]) await page.locator('tbody input[type=checkbox]').nth(batch + i).check();
    await page.click('button[formaction="/print/cards"]');
    need(await page.locator('.slips li').count() === 3, 'not three cards');
    const found = await axe(page);
    const over = await overflow(page);
    if (over > 0) found.push(`cards: ${over} px too wide`);
    const code = (await page.textContent('.slips .code')).trim();
    const pdf = await page.pdf({ preferCSSPageSize: true });
    need(pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length === 1, 'three cards need more than one page');
    await context.close();
    // A resident is not signed in and types the code without its dashes.
    const guest = await open(browser, url, { language, width, theme, script: false });
    await guest.page.goto(`${url}/card`);
    await guest.page.fill('#code', 'WRNG-CODE-2345');
    await guest.page.click('form.fields button');
    need(await guest.page.locator('#trouble').count() === 1, 'a wrong code is not told');
    await guest.page.fill('#code', code.replaceAll('-', '').toLowerCase());
    await guest.page.click('form.fields button');
    await guest.page.click('button[value=when]');
    await guest.page.click('button[value=send]');
    need(await guest.page.locator('#trouble').count() === 1, 'nothing chosen is not told');
    const looked = await open(browser, url, { language, width, theme });
    for (const button of ['fill', 'when']) {
      await looked.page.goto('about:blank');
      await looked.page.goto(`${url}/card#${code}`);
      need(await looked.page.inputValue('#code') === code, 'the code behind the # is not filled in');
      await looked.page.click('form.fields button');
      for (const step of ['menu', button]) {
        if (step === button) await looked.page.click(`button[value=${button}]`);
        found.push(...await axe(looked.page));
        const wide = await overflow(looked.page);
        if (wide > 0) found.push(`card ${step}: ${wide} px too wide`);
      }
    }
    await looked.context.close();
    await guest.page.locator('input[name=when]').last().check();
    await guest.page.fill('#note', 'after the news');
    await guest.page.click('button[value=send]');
    need(await guest.page.locator('[role=status]').count() === 1 && await guest.page.locator('form.fields, .days').count() === 0, 'no thanks');
    await guest.context.close();
    return [...found, ...faults, ...looked.faults];
  });

  await check('what the model has learnt stands in numbers', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/model`);
    const cells = await page.evaluate(() => [...document.querySelectorAll('.heat tbody td[class^=step]')].map(c => [Number(c.textContent), Number(c.className.match(/step(\d)/)[1])]));
    need(cells.length >= 26 * 47, `${cells.length} cells`);
    need(cells.every(([n, step]) => n >= 0 && n <= 100 && step === Math.min(Math.floor(n / 20) + 1, 5)), 'a colour does not fit its number');
    await context.close();
    return faults;
  });

  await check('lists of doors are in the order of their addresses, page after page', async () => {
    const { context, page, faults } = await open(browser, url, { state: states.en });
    await page.goto(`${url}/doors?area=${places.area.split('/').pop()}`);
    const read = () => page.locator('tbody th a').allTextContents();
    const all = await read();
    await page.click('a.btn[href*="page=2"]');
    all.push(...await read());
    need(all.length > 100 && new Set(all).size === all.length, `${all.length} doors, ${new Set(all).size} different ones`);
    const key = text => text.match(/(\d+)-(\d+)-(\d+)/).slice(1).map(Number);
    const order = all.map(key);
    for (let i = 1; i < order.length; i += 1) {
      const [a, b] = [order[i - 1], order[i]];
      need(a[0] < b[0] || (a[0] === b[0] && a[1] <= b[1]), `${all[i - 1]} stands before ${all[i]}`);
    }
    await context.close();
    return faults;
  });

  for (const language of ['en', 'zh']) await check(`the property managers' list prints on A4 (${language})`, async () => {
    const { context, page, faults } = await open(browser, url, { language, state: states[language] });
    await page.goto(`${url}/print/managers?area=${places.area.split('/').pop()}`);
    need(await page.locator('.print tbody tr:not(.group)').count() > 5, 'the list is empty');
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
    need(pages >= 1 && pages < 15, `${pages} pages`);
    await context.close();
    return faults;
  });

  await check('doors keep their number whole on the smallest screens', async () => {
    const { context, page } = await open(browser, url, { language: 'zh', width: 320, state: states.zh });
    await page.goto(url + places.building);
    const cut = await page.evaluate(() => [...document.querySelectorAll('.door span:first-child')].filter(s => s.scrollWidth > s.clientWidth + 1 && s.textContent.length < 6).map(s => s.textContent));
    await context.close();
    return cut.length ? [`cut: ${cut.slice(0, 5).join(' ')}`] : [];
  });

  await check('one of the two theme buttons is shown, the one that changes something', async () => {
    const faults = [];
    for (const [theme, wanted] of [['light', 'dark'], ['dark', 'light']]) {
      const { context, page } = await open(browser, url, { theme, state: states.en });
      await page.goto(url);
      const seen = await page.locator('.tools a[href^="/theme"]:visible').evaluateAll(all => all.map(a => new URL(a.href).searchParams.get('to')));
      if (seen.join() !== wanted) faults.push(`${theme}: ${seen}`);
      await page.click('.tools a[href^="/theme"]:visible');
      const now = await page.locator('.tools a[href^="/theme"]:visible').evaluateAll(all => all.map(a => new URL(a.href).searchParams.get('to')));
      if (now.join() !== theme) faults.push(`${theme}, after the change: ${now}`);
      await context.close();
    }
    return faults;
  });

  for (const language of ['en', 'zh']) await check(`the sheet prints on A4 (${language})`, async () => {
    const { context, page, faults } = await open(browser, url, { language, state: states[language] });
    // Tomorrow's: late in the evening little is left of today's.
    const tomorrow = new Date(Date.now() + 86_400_000).toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' });
    await page.goto(`${url}/print/sheet?enumerator=e01&on=${tomorrow}`);
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
    const found = await axe(page);
    const files = ['survey.toml', 'areas.csv', 'dwellings.csv', 'staff.csv'].map(n => join(service.setup, n));
    const broken = readFileSync(files[1], 'utf8').replace('410181004,410181', '410181004,999999');
    await page.setInputFiles('#files', [files[0], files[2], files[3]].map(f => ({ name: f.split('/').pop(), mimeType: 'text/csv', buffer: readFileSync(f) }))
      .concat({ name: 'areas.csv', mimeType: 'text/csv', buffer: Buffer.from(broken) }));
    await page.click('form[enctype] button');
    need((await page.textContent('.faults')).includes('areas.csv'), 'no fault is shown');
    found.push(...await axe(page));
    await page.setInputFiles('#files', files);
    await page.click('form[enctype] button');
    need(await page.locator('form[action="/setup/apply"]').count() === 1, await page.textContent('main'));
    found.push(...await axe(page));
    await page.click('form[action="/setup/apply"] button');
    need(await page.locator('.toast').count() === 1, 'not applied');
    await context.close();
    return [...found, ...faults];
  });

  await check('audit log: lines in words, filtered, on any width', async () => {
    const { context, page, faults } = await open(browser, url);
    await signIn(page, url, 'admin');
    const found = [];
    for (const width of [1440, 390, 320]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${url}/audit`);
      need(await page.locator('tbody tr').count() > 0, 'no line');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      need(wide <= 0, `${width}: ${wide} px too wide`);
      found.push(...await axe(page));
    }
    await page.selectOption('#action', 'sign_in');
    await page.click('form[action="/audit"] button');
    const actions = await page.locator('tbody tr td:nth-child(3)').allTextContents();
    need(actions.length > 0 && new Set(actions).size === 1, actions.join());
    await context.close();
    return [...found, ...faults];
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

  // Login: plain, wrong, and after too many tries, in both themes. Last, as this address has to wait afterwards.
  await check('login in every state, also locked out', async () => {
    const found = [];
    for (const theme of ['light', 'dark']) for (const [language, width] of [['en', 1440], ['zh', 320]]) {
      const { context, page, faults } = await open(browser, url, { language, theme, width });
      await page.goto(`${url}/login`);
      found.push(...await axe(page));
      await page.fill('#user', 'guesser');
      await page.fill('#password', 'wrong');
      await page.click('form button.pri');
      found.push(...await axe(page), ...faults);
      if (await overflow(page) > 0) found.push('login too wide');
      await context.close();
    }
    const { context, page } = await open(browser, url, { language: 'zh' });
    await page.goto(`${url}/login`);
    let words = '';
    for (let i = 0; i < 20 && !/过多/.test(words); i += 1) {
      await page.fill('#user', 'guesser');
      await page.fill('#password', 'wrong');
      await page.click('form button.pri');
      words = await page.textContent('#trouble');
    }
    need(/过多/.test(words), `not locked out: ${words}`);
    found.push(...await axe(page));
    need(await page.inputValue('#user') === 'guesser', 'the user is to be typed again');
    await context.close();
    return found;
  });

  await check('no failure in the log of the service', () => service.log().split('\n').filter(l => / ERROR |panicked/.test(l)).slice(0, 3));
} finally {
  await browser.close();
  await service.stop();
}
console.log(`pages: ${Math.round((Date.now() - begun) / 1000)} s`);
tell();
