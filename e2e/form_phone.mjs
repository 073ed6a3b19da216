// The short form on the phone page against a real service: an interview without a network, a kept draft, a correction. Closing line:
// "N passed, N failed".
import { axe, launch, overflow } from './browser.mjs';
import { check, need, tell } from './checks.mjs';
import { start } from './service.mjs';

const at = path => `[data-path="${path}"]`;

/** A further form beside the one that the survey has. */
const PETS = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:dk="urn:doorknock:xforms"><h:head><h:title>Pets</h:title><model><instance><data id="pets" version="1"><door/><cats/><meta><instanceID/></meta></data></instance>
<bind nodeset="/data/door" type="string" dk:field="case"/><bind nodeset="/data/cats" type="int"/><bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head><h:body><input ref="/data/door"><label>Door</label></input><input ref="/data/cats"><label>Cats</label></input></h:body></h:html>`;

const service = await start();
const browser = await launch();
try {
  const supervisor = service.command('token', 's01').trim().split(/\s+/)[0];
  const api = async path => (await fetch(service.url + path, { headers: { authorization: `Bearer ${supervisor}` } })).json();
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN', reducedMotion: 'reduce', permissions: ['geolocation'], geolocation: { longitude: 112.97, latitude: 34.75, accuracy: 12 } });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', e => faults.push(`script: ${e.message}`));
  page.on('console', m => { if (m.type() === 'error' && !/status of [45]\d\d|ERR_|Failed to load/.test(m.text())) faults.push(`console: ${m.text()}`); });
  const until = wanted => page.waitForFunction(w => Object.entries(w).every(([k, v]) => document.documentElement.dataset[k] === v), wanted, { timeout: 60_000 });
  const pick = (path, value) => page.click(`${at(path)} input[value="${value}"]`);
  const next = () => page.click('[data-act=next]');
  const screen = () => page.locator('[data-screen]').getAttribute('data-screen');
  let door;

  await check('enrolled, the interview opens from the sheet of a knock', async () => {
    await page.goto(`${service.url}/phone/enrol#${service.command('enrol-code', 'e02').trim().split(/\s+/)[0]}`);
    await page.click('[data-act=enrol]');
    await until({ ready: 'true' });
    await page.click('main a[href="/phone/"]');
    const row = page.locator('ul.doors [data-case]').first();
    door = await row.getAttribute('data-case');
    await row.click();
    await page.click('#knock [data-outcome=interview]');
    await page.waitForSelector('[data-screen=start]');
    return faults;
  });

  await check('without a network: the draft is kept, the page comes back, the interview is finished', async () => {
    await service.down();
    await pick('interview.respondent', 'head');
    await pick('household.household_type', 'family');
    await next();
    await page.click('[data-act=add]');
    await page.fill(`${at('person.1.name')} input`, '张伟');
    await pick('person.1.sex', 'm');
    await page.click('[data-act=confirm]');
    await page.evaluate(() => scrollTo(0, 0));
    const found = [...await axe(page), ...(await overflow(page) > 0 ? ['too wide'] : [])];
    await page.click('[data-act=leave]');
    await page.click('dialog [data-act=keep]');
    await until({ drafts: '1' });
    await page.goto(`${service.url}/phone/case/${door}`);
    await page.click('main a[href*="draft="]');
    await page.waitForSelector('[data-screen=people]');
    need(await page.inputValue(`${at('person.1.name')} input`) === '张伟', 'the draft is lost');
    await next();
    await page.fill(`${at('person.1.citizen_id')} input`, '419999198503074514');
    await pick('person.1.registered_at', '1');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=finish]');
    await until({ drafts: '0', waiting: '2' });
    return [...found, ...faults];
  });

  await check('back in the network it is sent, and the door is completed', async () => {
    await service.up();
    await until({ waiting: '0' });
    const { state, interviews } = await api(`/v1/cases/${door}`);
    need(state === 'completed' && interviews.length === 1 && interviews[0].persons.length === 1, JSON.stringify({ state, n: interviews.length }));
    need(!service.log().includes('419999198503074514') && !service.log().includes('张伟'), 'the log names somebody');
    return faults;
  });

  await check('a correction is the next revision and keeps the number that is not typed anew', async () => {
    await page.goto(`${service.url}/phone/case/${door}`);
    await page.click('[data-act=correct]');
    await page.waitForSelector('[data-screen=start]');
    await next();
    need(await page.inputValue(`${at('person.1.name')} input`) === '张伟', 'nothing to correct');
    await page.fill(`${at('person.1.name')} input`, '张炜');
    await page.click('[data-act=confirm]');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=finish]');
    await until({ waiting: '0', drafts: '0' });
    for (let i = 0; i < 60; i += 1) {
      const { interviews } = await api(`/v1/cases/${door}`);
      const now = interviews.find(r => r.revision === 2);
      if (now) {
        need(now.current && now.persons[0].name === '张炜' && now.persons[0].citizen_id === 'present', JSON.stringify(now));
        return faults;
      }
      await page.waitForTimeout(500);
    }
    throw new Error('no second revision');
  });

  await check('a correction days later begins from what the service shows, and loses nothing', async () => {
    await page.evaluate(async () => {
      const { model, write } = await import(new URL('store.js', document.querySelector('script[type=module]').src));
      await write(['sent'], async tx => { for (const row of await tx.store.getAll()) await tx.store.put({ ...row, own: null }); return model; });
    });
    await page.goto(`${service.url}/phone/case/${door}`);
    await page.click('[data-act=correct]');
    await page.waitForSelector('[data-screen=start]');
    need(await page.isChecked(`${at('household.household_type')} input[value=family]`), 'the household is lost');
    await next();
    await page.click('[data-act=confirm]');
    await next();
    need(await page.isChecked(`${at('person.1.registered_at')} input[value="1"]`), 'D8 is lost');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=finish]');
    await until({ waiting: '0', drafts: '0' });
    const { interviews } = await api(`/v1/cases/${door}`), now = interviews.find(r => r.revision === 3);
    const [person] = now?.persons ?? [];
    need(now?.current && person.registered_at === 1 && person.stayed_here === true && person.citizen_id === 'present', JSON.stringify(now));
    return faults;
  });

  await check('every further form is offered after the main one: an answer sheet of the household', async () => {
    const root = service.command('token', 'admin').trim().split(/\s+/)[0];
    const made = await fetch(`${service.url}/v1/forms?publish=true&role=extra`, { method: 'POST', headers: { authorization: `Bearer ${root}`, 'content-type': 'application/xml' }, body: PETS });
    need(made.status === 201, `${made.status} ${await made.text()}`);
    await page.goto(`${service.url}/phone/`);
    await page.waitForFunction(async () => (await import(new URL('store.js', document.querySelector('script[type=module]').src))).model.things.form.has('pets'));
    const row = page.locator(`ul.doors [data-case]:not([data-case="${door}"])`).nth(2);
    const id = await row.getAttribute('data-case');
    await row.click();
    await page.click('#knock [data-outcome=interview]');
    await page.waitForSelector('[data-screen=start]');
    await pick('interview.respondent', 'member');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=partial]');
    await page.waitForSelector('[data-screen=more]');
    need((await page.textContent('[data-screen=more]')).includes('居民'), 'the form has no name');
    await page.click('[data-act=now]');
    await page.waitForSelector(at('/data/needs'));
    await pick('/data/needs', 'lift');
    await pick('/data/satisfied', '4');
    await page.click('[data-act=screens]');
    await page.click('[data-to=end]');
    await page.click('[data-act=partial]');
    await page.waitForSelector('[data-screen=more][data-form=pets]');
    await page.click('[data-act=later]');
    await page.waitForSelector('ul.doors [data-case]');
    await until({ waiting: '0', drafts: '0' });
    await page.goto(`${service.url}/phone/case/${id}`);
    await page.waitForSelector('a[data-form=pets]');
    need(await page.locator('a[data-form=needs]').count() === 0, 'what was answered is offered again');
    for (let i = 0; i < 60; i += 1) {
      const [sheet] = (await api(`/v1/cases/${id}`)).answers;
      if (sheet) {
        need(sheet.form === 'needs' || sheet.form?.id === 'needs', JSON.stringify(sheet));
        need(JSON.stringify(sheet.answers).includes('"needs":["lift"]'), JSON.stringify(sheet));
        return faults;
      }
      await page.waitForTimeout(500);
    }
    throw new Error('no sheet of answers');
  });

  await check('"they stopped" is a visit that broke off and a partial form', async () => {
    await page.goto(`${service.url}/phone/`);
    const row = page.locator(`ul.doors [data-case]:not([data-case="${door}"])`).first();
    const id = await row.getAttribute('data-case');
    await row.click();
    await page.click('#knock [data-outcome=interview]');
    await page.waitForSelector('[data-screen=start]');
    await pick('interview.respondent', 'member');
    await page.click('[data-act=leave]');
    await page.click('dialog [data-act=stopped]');
    await until({ waiting: '0', drafts: '0' });
    await page.waitForFunction(() => !document.querySelector('[data-screen]'));
    for (let i = 0; i < 60; i += 1) {
      const { visits } = await api(`/v1/cases/${id}`);
      if (visits.some(v => v.outcome === 'break_off')) return faults;
      await page.waitForTimeout(500);
    }
    throw new Error('no visit that broke off');
  });
} finally {
  await browser.close();
  await service.stop();
}
tell();
