// A small set of pictures for docs/screenshots, of the invented survey.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, open, signIn } from './browser.mjs';
import { addresses } from './pages.mjs';
import { start } from './service.mjs';

const out = join(dirname(fileURLToPath(import.meta.url)), '../docs/screenshots');
mkdirSync(out, { recursive: true });
for (const old of readdirSync(out).filter(name => name.endsWith('.png'))) rmSync(join(out, old));
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

try {
  let last, context, page, places;
  for (const [language, width, theme, name, path, most] of pictures) {
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
