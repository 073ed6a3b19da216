// Pictures of the pages for docs/screenshots: every page in both languages, some of them on a phone and in the dark.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, open, signIn } from './browser.mjs';
import { addresses } from './pages.mjs';
import { start } from './service.mjs';

const out = join(dirname(fileURLToPath(import.meta.url)), '../docs/screenshots');
mkdirSync(out, { recursive: true });
const service = await start();
const browser = await launch();
try {
  for (const language of ['en', 'zh']) for (const [size, width] of [['desktop', 1440], ['phone', 390]]) for (const theme of ['light', 'dark']) {
    const { context, page } = await open(browser, service.url, { language, width, theme });
    await signIn(page, service.url);
    const places = await addresses(page, service.url);
    const pages = { overview: '/', building: places.all[4], review: '/review' };
    if (theme === 'light') Object.assign(pages, { case: places.case, returns: '/returns', held: '/held', devices: '/devices', pace: '/pace', sheet: '/print/sheet?enumerator=e01' });
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(service.url + path);
      const dark = theme === 'dark' ? '.dark' : '';
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      const clip = { x: 0, y: 0, width, height: Math.min(height, width === 390 ? 3200 : 2000) };
      await page.screenshot({ path: join(out, `${name}.${language}.${size}${dark}.png`), clip, fullPage: true });
    }
    await context.close();
  }
} finally {
  await browser.close();
  await service.stop();
}
