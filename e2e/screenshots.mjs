// A small set of pictures for docs/screenshots, of the invented survey.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, open, signIn } from './browser.mjs';
import { addresses } from './pages.mjs';
import { phoneTools } from './phone_tools.mjs';
import { start } from './service.mjs';

const out = join(dirname(fileURLToPath(import.meta.url)), '../docs/screenshots');
mkdirSync(out, { recursive: true });
// ONLY='phone' takes those of the phone alone and leaves the others as they are.
const only = new RegExp(process.env.ONLY ?? '');
for (const old of readdirSync(out).filter(name => name.endsWith('.png') && only.test(name))) rmSync(join(out, old));
const service = await start();
const browser = await launch();

/** Language, width, theme, name of the picture, page, most height. */
const pictures = [
  ['en', 1280, 'light', 'overview', () => '/', 1500],
  ['en', 1280, 'light', 'building', places => places.all[4], 1100],
  ['en', 1280, 'light', 'duplicates', () => '/review', 1800],
  ['en', 1280, 'light', 'returns', () => '/returns', 1000],
  ['zh', 1280, 'dark', 'overview.zh.dark', () => '/', 1500],
  ['zh', 1280, 'light', 'building.zh', places => places.all[4], 1100],
  ['zh', 1280, 'light', 'model.zh', () => '/model', 1200],
  ['zh', 1280, 'light', 'sheet.zh', () => '/print/sheet?enumerator=e01', 1000],
  ['zh', 390, 'light', 'overview.zh.phone', () => '/', 1900],
  ['en', 390, 'dark', 'building.dark.phone', places => places.all[4], 1700],
];

const at = path => `[data-path="${path}"]`;

/** The enumerators' page and the page of residents, as a phone shows them. */
async function phonePictures() {
  const { enrolled, rows, knock } = phoneTools({ service, browser });
  const take = async (page, name, whole = false) => { if (only.test(name)) await page.screenshot({ path: join(out, `${name}.png`), fullPage: whole }); };
  for (const [language, theme, end] of [['en', 'light', ''], ['zh', 'dark', '.zh.dark']]) {
    const { context, page } = await enrolled(service.url, 'e01', { language, theme });
    await knock(page, 0, 'no_answer');
    await page.waitForSelector('[data-act=undo]');
    await take(page, `phone.today${end}`);
    await rows(page).nth(1).click();
    await page.waitForSelector('#knock[open]');
    await take(page, `phone.knock${end}`);
    await page.click('#knock [data-outcome=appointment_made]');
    await take(page, `phone.appointment${end}`);
    await page.click('#knock [data-act=cancel]');
    await knock(page, 2, 'interview');
    await page.click(`${at('interview.respondent')} input[value=member]`);
    await page.click(`${at('household.household_type')} input[value=family]`);
    await page.click('[data-act=next]');
    for (const [n, name, sex] of [[1, '张伟', 'm'], [2, '李娜', 'f']]) {
      await page.click('[data-act=add]');
      await page.fill(`${at(`person.${n}.name`)} input`, name);
      await page.click(`${at(`person.${n}.sex`)} input[value=${sex}]`);
    }
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
    await take(page, `phone.roster${end}`);
    await page.click('[data-act=next]');
    await take(page, `phone.person${end}`);
    await page.goto(`${service.url}/phone/`);
    await page.waitForSelector('ul.doors [data-case]');
    await page.click('nav.bot a[href="/phone/sync"]');
    await page.waitForTimeout(500);
    await take(page, `phone.sync${end}`);
    await context.close();
  }
  const [[, code]] = service.command('cards', '--count', '1', '--for', 'e01', '--format', 'csv').trim().split('\n').slice(1).map(line => line.trim().split(','));
  const { context, page } = await open(browser, service.url, { language: 'zh', width: 390 });
  await page.goto(`${service.url}/card#${code}`);
  await page.click('button[name=go]');
  await take(page, 'phone.card.zh');
  await context.close();
}

try {
  let last, context, page, places;
  await phonePictures();
  for (const [language, width, theme, name, path, most] of pictures.filter(p => only.test(p[3]))) {
    if (last !== `${language} ${width} ${theme}`) {
      await context?.close();
      ({ context, page } = await open(browser, service.url, { language, width, theme }));
      await signIn(page, service.url);
      places = await addresses(page, service.url);
      // What waits is counted at most twice a minute.
      if (!last) await page.waitForTimeout(31_000);
      last = `${language} ${width} ${theme}`;
    }
    await page.goto(service.url + path(places));
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.screenshot({ path: join(out, `${name}.png`), clip: { x: 0, y: 0, width, height: Math.min(height, most) }, fullPage: true });
  }
} finally {
  await browser.close();
  await service.stop();
}
const bytes = readdirSync(out).reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
console.log(`docs/screenshots: ${readdirSync(out).length} pictures, ${(bytes / 1024).toFixed(0)} KB`);
