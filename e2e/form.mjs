// The forms of the phone page in a browser, without a service: both models through the one renderer. Closing line: "N passed, N
// failed". ONLY='roster|axe' runs the checks whose names fit. `TIMES=1` prints sizes and opening times at 6 times slowed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { axe, launch, open, overflow } from './browser.mjs';
import { check, need, tell, ways } from './checks.mjs';
import { host } from './form_host.mjs';

const root = new URL('..', import.meta.url).pathname;
const program = [process.env.DOORKNOCK_BIN, ...['target/debug/doorknock', 'target/release/doorknock'].map(p => join(root, p))].find(p => p && existsSync(p));

const sheets = ['forms', 'fixtures/yongxin/forms'].flatMap(d => readdirSync(join(root, d)).filter(f => f.endsWith('.xlsx')).map(f => [f.slice(0, -5), join(root, d, f)]));
const forms = new Map(sheets.map(([id, path]) => [id, execFileSync(program, ['form', 'check', path, '--xform', '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })]));

/** The process of the browser that works in a profile; its helpers have a type. */
function browserOf(dir) {
  const line = pid => { try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8'); } catch { return ''; } };
  return Number(readdirSync('/proc').find(pid => /^\d+$/.test(pid) && line(pid).includes(dir) && !line(pid).includes('--type=')));
}

/** A form with every widget, made here. */
const item = (name, more = '') => `<item><label>${name}</label><name>${name}</name>${more}</item>`;
forms.set('widgets', `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" xmlns:odk="http://www.opendatakit.org/xforms">
<h:head><h:title>Widgets</h:title><model odk:xforms-version="1.0.0"><instance><data id="widgets" version="1"><many/><mini/><long/><num/><dec/><when/><month/><clock/><both/><words/><lines/><spot/><shot/><scale/><order/><ok/><told/><code/><kids><age/></kids><meta><instanceID/></meta></data></instance>
<instance id="abc"><root>${['a', 'b', 'c'].map(n => item(n)).join('')}</root></instance><instance id="towns"><root>${Array.from({ length: 200 }, (_, i) => item(`town${i}`)).join('')}</root></instance>
${[['many', 'string'], ['mini', 'string'], ['long', 'string'], ['num', 'int', ' constraint=". &lt; 100" jr:constraintMsg="Below a hundred" required="true()"'], ['dec', 'decimal'], ['when', 'date'], ['month', 'date'], ['clock', 'time'], ['both', 'dateTime'], ['words', 'string'], ['lines', 'string'], ['spot', 'geopoint'], ['shot', 'binary', ' orx:max-pixels="400"'], ['scale', 'int'], ['order', 'odk:rank'], ['ok', 'string'], ['told', 'string', ' readonly="true()"'], ['code', 'barcode'], ['kids/age', 'int']].map(([n, t, more = '']) => `<bind nodeset="/data/${n}" type="${t}"${more}/>`).join('')}
<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/></model></h:head><h:body>
<select ref="/data/many"><label>Many</label><itemset nodeset="instance('abc')/root/item"><value ref="name"/><label ref="label"/></itemset></select>
<select1 ref="/data/mini" appearance="minimal"><label>Mini</label><itemset nodeset="instance('abc')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
<select1 ref="/data/long"><label>Long</label><itemset nodeset="instance('towns')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
<input ref="/data/num"><label>Number</label><hint>How many</hint></input><input ref="/data/dec"><label>Decimal</label></input><input ref="/data/when"><label>When</label></input>
<input ref="/data/month" appearance="month-year"><label>Month</label></input><input ref="/data/clock"><label>Clock</label></input><input ref="/data/both"><label>Both</label></input>
<input ref="/data/words"><label>Words **bold**</label></input><input ref="/data/lines" appearance="multiline"><label>Lines</label></input><input ref="/data/spot"><label>Spot</label></input>
<upload ref="/data/shot" mediatype="image/*"><label>Shot</label></upload><range ref="/data/scale" start="0" end="10" step="2"><label>Scale</label></range>
<odk:rank ref="/data/order"><label>Order</label><itemset nodeset="instance('abc')/root/item"><value ref="name"/><label ref="label"/></itemset></odk:rank>
<trigger ref="/data/ok"><label>OK</label></trigger><input ref="/data/told"><label>A note</label></input><input ref="/data/code"><label>Code</label></input>
<group ref="/data/kids"><label>Kids</label><repeat nodeset="/data/kids"><input ref="/data/kids/age"><label>Age</label></input></repeat></group></h:body></h:html>`);

/** A form of 600 questions in groups of 20, with relevance and constraints. */
const many = Array.from({ length: 600 }, (_, i) => ({ n: `q${i}`, g: `g${Math.floor(i / 20)}`, i }));
const groups = [...new Set(many.map(q => q.g))];
const inGroups = of => groups.map(g => of(g, many.filter(q => q.g === g))).join('');
forms.set('long', `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Long</h:title><model><instance><data id="long" version="1">${inGroups((g, of) => `<${g}>${of.map(q => `<${q.n}/>`).join('')}</${g}>`)}<meta><instanceID/></meta></data></instance>
${many.map(q => `<bind nodeset="/data/${q.g}/${q.n}" type="int" required="true()" constraint=". &lt; 100"${q.i ? ` relevant="/data/g0/q0 &gt;= 0"` : ''}/>`).join('')}<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head>
<h:body>${inGroups((g, of) => `<group ref="/data/${g}"><label>${g}</label>${of.map(q => `<input ref="/data/${q.g}/${q.n}"><label>${q.n}</label></input>`).join('')}</group>`)}</h:body></h:html>`);

const served = await host(forms);
const { url } = served;
const browser = await launch();
const at = path => `[data-path="${path}"]`;
const screen = page => page.locator('[data-screen]').getAttribute('data-screen');
async function begin(more = {}, query = '') {
  const opened = await open(browser, url, { width: 390, ...more });
  await opened.page.goto(`${url}/?lang=${more.language ?? 'en'}${query}`);
  await opened.page.waitForSelector('[data-screen], [data-problem]');
  return opened;
}
/** Goes on until a question is on the screen. */
async function reach(page, path) { while (await page.locator(at(path)).count() === 0) await next(page); }
const next = page => page.click('[data-act=next]');
const pick = (page, path, value) => page.click(`${at(path)} input[value="${value}"]`);

async function start(page) {
  await pick(page, 'interview.respondent', 'member');
  await pick(page, 'household.household_type', 'family');
  await next(page);
}
async function list(page, names) {
  for (const [i, [name, sex, where]] of names.entries()) {
    await page.click(where === 'away' ? '[data-act=add_away]' : '[data-act=add]');
    await page.fill(`${at(`person.${i + 1}.name`)} input`, name);
    await pick(page, `person.${i + 1}.sex`, sex);
  }
  await page.click('[data-act=confirm]');
}

try {
  await check('the short form from end to end gives the record', async () => {
    const { context, page, faults } = await begin();
    await start(page);
    await list(page, [['张伟', 'm', 'here'], ['李娜', 'f', 'away']]);
    await next(page);
    need(await screen(page) === 'person.1', `screen ${await screen(page)}`);
    await page.fill(`${at('person.1.citizen_id')} input`, '４１９９９９１９８５０３０７４５１４');
    need(await page.inputValue(`${at('person.1.birth')} [data-part=y]`) === '1985', 'the number filled no birth');
    await pick(page, 'person.1.registered_at', '4');
    await pick(page, 'person.1.time_away', '3');
    need((await page.textContent(at('person.1.residence_status'))).length > 3, 'no status');
    await next(page);
    await pick(page, 'person.2.relationship', 'spouse');
    await page.fill(`${at('person.2.birth')} [data-part=y]`, '1986');
    await page.fill(`${at('person.2.birth')} [data-part=m]`, '5');
    await pick(page, 'person.2.stayed_at', '2');
    await next(page);
    await page.click(`${at('household.births_m')} [data-act=offer]`);
    await next(page);
    await pick(page, 'household.dwelling_kind', '1');
    await page.fill(`${at('household.rooms')} input`, '3');
    await page.fill(`${at('household.floor_area_m2')} input`, '８９．５');
    await next(page);
    need(await screen(page) === 'end', 'not at the end');
    await page.click('[data-act=finish]');
    await page.waitForFunction(() => window.finished);
    const record = await page.evaluate(() => window.finished);
    need(record.kind === 'interview' && record.result === 'complete' && record.persons.length === 2, JSON.stringify(record));
    need(record.household.floor_area_m2 === 89.5 && record.household.rooms === 3 && record.household.n_stayed === 1 && record.household.births_m === 0, JSON.stringify(record.household));
    need(record.persons[0].residence_status === 'here_elsewhere' && record.persons[1].time_away === 1, JSON.stringify(record.persons));
    await context.close();
    return faults;
  });

  await check('a page killed at every screen of the roster loses nothing', async () => {
    const dir = mkdtempSync('/tmp/doorknock-profile-');
    const begun = () => chromium.launchPersistentContext(dir, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', viewport: { width: 390, height: 844 }, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
    let context = await begun(), page = context.pages()[0];
    const resume = async () => {
      // What was typed is on the disk 300 ms later; the whole browser is then killed, not closed.
      await page.waitForFunction(() => /saved/.test(document.querySelector('.fm-status').textContent));
      await page.waitForTimeout(700);
      const gone = new Promise(resolve => { context.once('close', resolve); });
      process.kill(browserOf(dir), 'SIGKILL');
      await gone;
      context = await begun();
      page = context.pages()[0];
      await page.goto(`${url}/?lang=en`);
      await page.waitForSelector('[data-screen]');
    };
    try {
      await page.goto(`${url}/?lang=en`);
      await page.waitForSelector('[data-screen]');
      await start(page);
      await list(page, [['张伟', 'm', 'here'], ['李娜', 'f', 'away'], ['张三', 'm', 'here']]);
      await resume();
      need(await screen(page) === 'people' && await page.inputValue(`${at('person.3.name')} input`) === '张三', 'the list is lost');
      for (const n of [1, 2, 3]) {
        await next(page);
        need(await screen(page) === `person.${n}`, `screen ${await screen(page)}`);
        await page.fill(`${at(`person.${n}.birth`)} [data-part=y]`, String(1980 + n));
        if (n !== 2) await pick(page, `person.${n}.registered_at`, '4');
        await page.fill(`${at(`person.${n}.other_address`)} input`, `路 ${n} 号`);
        await resume();
        need(await screen(page) === `person.${n}`, `after the kill: ${await screen(page)}`);
        need(await page.inputValue(`${at(`person.${n}.birth`)} [data-part=y]`) === String(1980 + n), `birth of ${n} is lost`);
        need(await page.inputValue(`${at(`person.${n}.other_address`)} input`) === `路 ${n} 号`, `address of ${n} is lost`);
      }
    } finally { await context.close().catch(() => {}); rmSync(dir, { recursive: true, force: true, maxRetries: 5 }); }
  });

  await check('problems stand beside the field once it is left, and in a list that jumps', async () => {
    const { context, page, faults } = await begin();
    await start(page);
    await list(page, [['张伟', 'm', 'here']]);
    await next(page);
    await page.fill(`${at('person.1.citizen_id')} input`, '419999198503074515');
    need(await page.locator(`${at('person.1.citizen_id')} [data-problem]`).count() === 0, 'told before the field was left');
    await page.focus(`${at('person.1.birth')} [data-part=y]`);
    need(await page.getAttribute(`${at('person.1.citizen_id')} [data-problem]`, 'data-problem') === 'id_check', 'not told');
    need(await page.getAttribute(`${at('person.1.citizen_id')} input`, 'aria-invalid') === 'true', 'not marked');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=finish]');
    need(await page.evaluate(() => window.finished === null), 'finished with faults');
    await page.click('[data-act=jump][data-to="person.1.citizen_id"]');
    need(await page.evaluate(() => document.activeElement.closest('[data-path]')?.dataset.path === 'person.1.citizen_id'), 'the jump went elsewhere');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=partial]');
    await page.waitForFunction(() => window.finished?.result === 'partial');
    await context.close();
    return faults;
  });

  await check('Back goes one screen, closes a window first, and asks on the first screen', async () => {
    const { context, page, faults } = await begin();
    await start(page);
    await page.click('[data-act=screens]');
    await page.goBack();
    need(await page.locator('dialog[open]').count() === 0 && await screen(page) === 'people', 'the window did not close alone');
    await page.goBack();
    need(await screen(page) === 'start', await screen(page));
    need(await page.isChecked(`${at('interview.respondent')} input[value=member]`), 'an answer is lost');
    await next(page);
    await page.click('[data-act=add]');
    await next(page);
    need(await screen(page) === 'person.1', `before the sheet: ${await screen(page)}`);
    await page.click('.fm-pick');
    await page.goBack();
    need(await page.locator('dialog[open]').count() === 0 && await screen(page) === 'person.1', 'the sheet did not close alone');
    for (const wanted of ['people', 'start']) {
      await page.goBack();
      need(await screen(page) === wanted, `${wanted}: ${await screen(page)}`);
    }
    await page.goBack();
    need(await page.locator('dialog[open] [data-act=keep]').count() === 1, 'it did not ask');
    await context.close();
    return faults;
  });

  await check('leaving asks: keep, stopped, nothing', async () => {
    for (const [act, holds] of [
      ['keep', () => window.left === 'keep' && window.saves > 0], ['stopped', () => window.finished?.outcome === 'break_off' && window.finished.result === 'partial'], ['nothing', () => window.left === 'nothing'],
    ]) {
      const { context, page } = await begin();
      await pick(page, 'interview.respondent', 'member');
      await page.click('[data-act=leave]');
      await page.keyboard.press('Escape');
      need(await page.locator('dialog[open]').count() === 0, 'Escape does not close it');
      await page.click('[data-act=leave]');
      await page.click(`dialog [data-act=${act}]`);
      await page.waitForFunction(holds);
      await context.close();
    }
  });

  await check('a draft that cannot be stored is told, and the form stays', async () => {
    const { context, page } = await begin();
    await page.evaluate(() => { window.refuseDrafts = true; });
    await pick(page, 'interview.respondent', 'member');
    await page.waitForFunction(() => /full/.test(document.querySelector('.fm-status').textContent));
    await page.evaluate(() => { window.refuseDrafts = false; });
    await pick(page, 'household.household_type', 'family');
    await page.waitForFunction(() => window.saves > 0);
    await context.close();
  });

  await check('every widget takes an answer, and the XML holds it', async () => {
    const { context, page, faults } = await begin({}, '&form=widgets');
    await context.grantPermissions(['geolocation']);
    await context.setGeolocation({ longitude: 112.98, latitude: 34.75, accuracy: 12 });
    await pick(page, '/data/many', 'a');
    await pick(page, '/data/many', 'c');
    await page.click(`${at('/data/mini')} [data-act=choose]`);
    await pick(page, '/data/mini', 'b');
    await page.fill(`${at('/data/long')} input[type=search]`, 'town77');
    await pick(page, '/data/long', 'town77');
    await page.fill(`${at('/data/num')} input`, '１２３');
    await page.fill(`${at('/data/dec')} input`, '1.50');
    need(await page.textContent(`${at('/data/num')} [data-problem]`) === 'Below a hundred', 'constraint not told');
    await page.fill(`${at('/data/num')} input`, '42');
    for (const [part, text] of [['y', '2020'], ['m', '11'], ['d', '3']]) await page.fill(`${at('/data/when')} [data-part=${part}]`, text);
    for (const [part, text] of [['y', '1985'], ['m', '3']]) await page.fill(`${at('/data/month')} [data-part=${part}]`, text);
    await reach(page, '/data/clock');
    for (const [part, text] of [['h', '19'], ['i', '05']]) await page.fill(`${at('/data/clock')} [data-part=${part}]`, text);
    await reach(page, '/data/both');
    for (const [part, text] of [['y', '2020'], ['m', '11'], ['d', '3'], ['h', '19'], ['i', '5']]) await page.fill(`${at('/data/both')} [data-part=${part}]`, text);
    need((await page.textContent(`${at('/data/words')} label`)).trim().startsWith('Words bold'), 'marks of Markdown are shown');
    await page.fill(`${at('/data/words')} input`, '文字');
    await page.fill(`${at('/data/lines')} textarea`, 'one\ntwo');
    await page.click(`${at('/data/spot')} [data-act=use], ${at('/data/spot')} [data-act=locate]`);
    await page.waitForSelector(`${at('/data/spot')} [data-act=use], ${at('/data/spot')} .fm-fixed`);
    if (await page.locator(`${at('/data/spot')} [data-act=use]`).count()) await page.click(`${at('/data/spot')} [data-act=use]`);
    const picture = await page.evaluate(() => { const c = Object.assign(document.createElement('canvas'), { width: 900, height: 600 }); c.getContext('2d').fillRect(9, 9, 300, 300); return c.toDataURL('image/png').split(',')[1]; });
    await page.setInputFiles(`${at('/data/shot')} input[type=file]`, { name: 'x.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
    await page.waitForSelector(`${at('/data/shot')} img`);
    const width = await page.evaluate(path => new Promise(resolve => { const i = document.querySelector(`[data-path="${path}"] img`); if (i.complete) resolve(i.naturalWidth); else i.onload = () => resolve(i.naturalWidth); }), '/data/shot');
    need(width === 400, `scaled to ${width}`);
    await reach(page, '/data/scale');
    await page.click(`${at('/data/scale')} [data-act=more]`);
    await page.click(`${at('/data/scale')} [data-act=more]`);
    await reach(page, '/data/order');
    await page.locator(`${at('/data/order')} li[data-value=a] [data-act=down]`).click();
    await reach(page, '/data/ok');
    await page.check(`${at('/data/ok')} input`);
    await reach(page, '/data/told');
    await reach(page, '/data/code');
    need((await page.textContent(at('/data/code'))).includes('ODK Collect'), 'a barcode is not told');
    await reach(page, '/data/kids');
    await page.click('[data-act=add]');
    await page.fill(`${at('/data/kids[2]/age')} input`, '9');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=finish]');
    await page.waitForFunction(() => window.finished);
    const { xml, files, id, form } = await page.evaluate(async () => ({ ...window.finished, files: window.finished.files.map(f => [f.name, f.id, f.blob.type, f.blob.size]) }));
    for (const part of ['<many>a c</many>', '<mini>b</mini>', '<long>town77</long>', '<num>42</num>', '<dec>1.5</dec>', '<when>2020-11-03</when>', '<month>1985-03-01</month>', '<clock>19:05:00.000', '<both>2020-11-03T19:05:00.000', '<words>文字</words>', '<lines>one\ntwo</lines>', '<spot>34.75 112.98 0', '<scale>2</scale>', '<order>b a c</order>', '<ok>OK</ok>', '<age>9</age>']) need(xml.includes(part), `${part} is not in ${xml}`);
    need(files.length === 1 && files[0][2] === 'image/jpeg' && xml.includes(`<shot>${files[0][0]}</shot>`) && files[0][3] < 1 << 20, JSON.stringify(files));
    need(xml.includes(`uuid:${id}`) && form.id === 'widgets', id);
    await context.close();
    return faults;
  });

  await check('a form of the survey\'s own goes on after the page was closed, in its language', async () => {
    const { context, page, faults } = await begin({ language: 'zh' }, '&form=needs');
    need((await page.textContent('[data-path="/data/needs"]')).includes('加装电梯'), 'not in Chinese');
    await pick(page, '/data/needs', 'lift');
    await page.selectOption('.fm-language', { label: 'English (en)' });
    need((await page.textContent('[data-path="/data/needs"]')).includes('Lift'), 'not in English');
    await next(page);
    await page.fill(`${at('/data/elderly/people_60')} input`, '2');
    await page.waitForFunction(() => window.saves > 0);
    await page.waitForTimeout(500);
    await page.goto(`${url}/?lang=zh&form=needs`);
    await page.waitForSelector('[data-screen]');
    need(await screen(page) === '/data/elderly', `screen ${await screen(page)}`);
    need(await page.inputValue(`${at('/data/elderly/people_60')} input`) === '2', 'the answer is lost');
    need((await page.textContent('.fm-title')) === 'Elderly people', 'the language is lost');
    await context.close();
    return faults;
  });

  await check('rows with answers go only after a question', async () => {
    const { context, page, faults } = await begin({}, '&form=census_short&xform');
    await page.fill(`${at('/data/n_stayed')} input`, '2');
    await page.fill(`${at('/data/n_registered_absent')} input`, '0');
    await page.click('[data-act=screens]');
    await page.click('[data-to="/data/person[2]"]');
    await page.fill(`${at('/data/person[2]/name')} input`, '老二');
    await page.click('[data-act=screens]');
    await page.click('[data-to="/data/respondent"]');
    await page.fill(`${at('/data/n_stayed')} input`, '1');
    await page.click('dialog [data-act=cancel]');
    need(await page.inputValue(`${at('/data/n_stayed')} input`) === '2', 'the number did not come back');
    await page.fill(`${at('/data/n_stayed')} input`, '1');
    await page.click('dialog [data-act=yes]');
    await page.click('[data-act=screens]');
    need(await page.locator('[data-to="/data/person[2]"]').count() === 0, 'the row is still there');
    await context.close();
    return faults;
  });

  await check('a policy without the word for WebAssembly is told within 2 seconds and a half', async () => {
    const { context, page } = await open(browser, url, { width: 390 });
    const begun = Date.now();
    await page.goto(`${url}/?lang=en&form=needs&nowasm`);
    await page.waitForSelector('[data-problem=no-engine]', { timeout: 4000 });
    need(Date.now() - begun < 4000, 'late');
    need((await page.textContent('[data-problem]')).includes('cannot open'), 'not in words');
    await page.goto(`${url}/?lang=en&nowasm`);
    await page.waitForSelector('[data-screen]');
    await context.close();
  });

  await check('one more form: now, later, refused', async () => {
    for (const answer of ['now', 'later', 'refused']) {
      const { context, page, faults } = await open(browser, url, { width: 390, language: 'zh' });
      await page.goto(`${url}/?lang=zh&more`);
      need((await page.textContent('[data-screen=more]')).includes('居民需求'), 'no name');
      await page.click(`[data-act=${answer}]`);
      need((await page.evaluate(() => window.finished.answer)) === answer, answer);
      await context.close();
      if (faults.length) return faults;
    }
    return [];
  });

  // Accessibility, width, themes: every screen of the short form, of the needs form and of the form of all widgets.
  for (const [language, [width, scale, theme], form] of ways(['zh', 'en'], [[390, 1, 'light'], [390, 1, 'dark'], [320, 1, 'light'], [195, 2, 'light']], ['census_short', 'needs', 'widgets'])) {
    await check(`axe ${form} ${language} ${width} ${theme}`, async () => {
      const { context, page, faults } = await begin({ language, width, scale, theme }, `&form=${form}`);
      const found = [];
      const look = async where => {
        // Zoom of 200 % is half as many pixels; what stands there must only not be cut off.
        if (width >= 320) found.push(...(await axe(page)).map(v => `${where}: ${v}`));
        if (width >= 320 && await overflow(page) > 0) found.push(`${where}: ${await overflow(page)} px too wide`);
        const small = await page.evaluate(() => [...document.querySelectorAll('.fm button, .fm .fm-opt, .fm .fm-in, .fm select')].filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 47.5).map(e => e.className || e.tagName));
        if (small.length) found.push(`${where}: too small: ${small.slice(0, 3)}`);
      };
      if (form === 'census_short') { await start(page); await list(page, [['张伟', 'm', 'here'], ['李娜', 'f', 'away']]); await page.click('[data-act=back]'); }
      for (;;) {
        await look(await screen(page));
        if (await page.locator('[data-act=next]').count() === 0) break;
        await next(page);
      }
      await page.click('[data-act=finish]');
      await look('end with faults');
      await page.click('[data-act=screens]');
      await look('list of screens');
      await page.click('dialog[open] [data-act=close]');
      await page.click('[data-act=leave]');
      await look('leaving');
      await context.close();
      return [...found, ...faults];
    });
  }

  await check('keyboard alone: through a person and to the end', async () => {
    const { context, page, faults } = await begin();
    const tabTo = async selector => {
      for (let i = 0; i < 80; i += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(s => document.activeElement.matches(s), selector)) return;
      }
      throw new Error(`${selector} cannot be reached`);
    };
    await tabTo('[name$=respondent]');
    await page.keyboard.press('Space');
    await tabTo('[name$=household_type]');
    await page.keyboard.press('ArrowDown');
    await tabTo('[data-act=next]');
    await page.keyboard.press('Enter');
    need(await page.evaluate(() => document.activeElement.matches('.fm-title')), 'focus is not on the title of the new screen');
    await tabTo('[data-act=add]');
    await page.keyboard.press('Enter');
    need(await page.evaluate(() => document.activeElement.closest('[data-path]')?.dataset.path === 'person.1.name'), 'focus is not in the new row');
    await page.keyboard.type('Wang');
    await tabTo('[data-act=next]');
    await page.waitForFunction(() => !document.activeElement.disabled);
    await page.keyboard.press('Enter');
    need(await screen(page) === 'person.1', await screen(page));
    await tabTo('.fm-pick');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Hui');
    await tabTo('input[value="03"]');
    await page.keyboard.press('Space');
    need((await page.textContent('.fm-pick')).includes('03'), 'nothing chosen');
    await context.close();
    return faults;
  });

  await check('an input method composes undisturbed', async () => {
    const { context, page, faults } = await begin();
    await start(page);
    await page.click('[data-act=add]');
    const client = await context.newCDPSession(page);
    await page.focus(`${at('person.1.name')} input`);
    await client.send('Input.imeSetComposition', { text: 'zhang', selectionStart: 5, selectionEnd: 5 });
    // A draft is stored and the page is drawn anew in the midst of it.
    await page.waitForTimeout(900);
    need(await page.inputValue(`${at('person.1.name')} input`) === 'zhang', 'the composition is gone');
    await client.send('Input.insertText', { text: '张' });
    need(await page.inputValue(`${at('person.1.name')} input`) === '张', await page.inputValue(`${at('person.1.name')} input`));
    need((await page.textContent('.fm-card-head b')) === '张', 'the name is not taken');
    await context.close();
    return faults;
  });

  await check('an impatient second tap skips nothing', async () => {
    const { context, page, faults } = await begin();
    await page.evaluate(() => { const b = document.querySelector('[data-act=next]'); b.click(); document.querySelector('[data-act=next]').click(); });
    need(await screen(page) === 'people', await screen(page));
    await context.close();
    return faults;
  });

  if (process.env.TIMES) await measure();
} finally {
  await browser.close();
  await served.stop();
}
tell();

async function measure() {
  const dir = join(root, 'web/phone/form');
  for (const file of readdirSync(dir, { recursive: true }).filter(f => /\.(js|css)$/.test(f))) console.log(`${file}: ${gzipSync(readFileSync(join(dir, file)), { level: 9 }).length} bytes gz`);
  const engine = join(root, 'web/vendor/xforms-engine-0.22.0/xforms-engine.js');
  console.log(`engine: ${readFileSync(engine).length} bytes, ${gzipSync(readFileSync(engine), { level: 9 }).length} gz`);
  for (const rate of [1, 6]) for (const [name, query, warm] of [['short form', '', false], ['needs, cold', '&form=needs', false], ['needs, warm', '&form=needs', true], ['short form as XForm, cold', '&form=census_short&xform', false], ['short form as XForm, warm', '&form=census_short&xform', true]]) {
    const { context, page } = await open(browser, url, { width: 390 });
    const client = await context.newCDPSession(page);
    await page.goto(`${url}/?lang=en`);
    await page.waitForFunction(() => window.hostReady);
    if (warm) await page.evaluate(async id => { const text = await (await fetch(`/forms/${id}.xml`)).text(); await window.warmUp([{ id, xform: async () => text, file: async () => null }]); }, new URLSearchParams(query).get('form'));
    await client.send('Emulation.setCPUThrottlingRate', { rate });
    const ms = await page.evaluate(async q => {
      const { mountForm } = await import('/web/phone/form/index.js');
      const words = await (await fetch('/words/en.json')).json();
      const given = new URLSearchParams(q), id = given.get('form') ?? 'census_short';
      const text = q ? await (await fetch(`/forms/${id}.xml`)).text() : '';
      const root = document.body.appendChild(document.createElement('div'));
      const begun = performance.now();
      mountForm({
        root, form: q ? { id, version: '1', role: 'extra', title: id, xform: async () => text, file: async () => null } : { id, version: '', role: 'main' },
        door: { case_id: '5b1c9b1e-7c0c-5d0a-9d59-1d1f4f1c2a10', building: '6', unit: '2', room: '301', survey: { reference_at: '2020-11-01T00:00:00+08:00', time_zone: 'Asia/Shanghai' } },
        draft: null, language: 'en', strings: (k, p = {}) => (words[k] ?? k).replace(/\{(\w+)\}/g, (_, n) => p[n] ?? ''), previous: null, onDraft: async () => {}, onFinish: async () => {}, onLeave: () => {},
      });
      while (!root.querySelector('[data-screen]')) await new Promise(resolve => { setTimeout(resolve, 1); });
      return performance.now() - begun;
    }, query);
    console.log(`${name}: ${ms.toFixed(0)} ms at ${rate} times slowed`);
    await context.close();
  }
  for (const [name, query, path] of [['short form', '', 'person.1.name'], ['600 questions', '&form=long', '/data/g0/q1']]) {
    const { context, page } = await begin({}, query);
    if (!query) { await start(page); await page.click('[data-act=add]'); } else await page.fill(`${at('/data/g0/q0')} input`, '1');
    const client = await context.newCDPSession(page);
    await client.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    const ms = await page.evaluate(async p => {
      const input = document.querySelector(`[data-path="${CSS.escape(p)}"] input`), taken = [];
      for (let i = 0; i < 20; i += 1) {
        const begun = performance.now();
        input.value = String(i);
        input.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise(resolve => { setTimeout(resolve, 0); });
        taken.push(performance.now() - begun);
      }
      return taken.sort((a, b) => a - b)[10];
    }, path);
    console.log(`a keystroke in ${name}: median ${ms.toFixed(1)} ms at 6 times slowed; opened in ${(await page.evaluate(() => window.openedMs)).toFixed(0)} ms`);
    await context.close();
  }
}
