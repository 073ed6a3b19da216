// Opens every XForm of some folders in the phone's adapter and renderer, walks through all of its screens, stores and restores its
// draft: `node form_corpus.mjs DIR…`. Files that a form names are answered with a few invented rows. Says what failed and how many did
// not; exit 0 if nothing but forms that the engine itself refuses did.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, open } from './browser.mjs';
import { host } from './form_host.mjs';

const paths = process.argv.slice(2).flatMap(dir => readdirSync(dir, { recursive: true }).filter(f => f.endsWith('.xml')).map(f => join(dir, f)));
const forms = new Map(paths.map((path, i) => [`f${i}`, readFileSync(path, 'utf8')]));
const media = { has: () => true, get: name => ({ csv: 'name,label,key\na,A,a\nb,B,b\n', geojson: '{"type":"FeatureCollection","features":[]}', xml: '<root><item><name>a</name><label>A</label></item></root>' })[name.split('.').pop()] ?? '' };
const served = await host(forms, media);
const browser = await launch();
let opened = 0, refused = 0, failed = 0;
const slow = [];
for (const [i, path] of paths.entries()) {
  const { context, page, faults } = await open(browser, served.url, { width: 390 });
  try {
    await page.goto(`${served.url}/?lang=en&form=f${i}`);
    await page.waitForSelector('[data-screen], [role=alert]', { timeout: 60_000 });
    if (await page.locator('[data-problem=faulty]').count() && !await page.locator('[data-screen]').count()) {
      refused += 1;
      console.log(`refused by the engine: ${path}`);
      continue;
    }
    slow.push([await page.evaluate(() => window.openedMs), path]);
    for (let n = 0; n < 400 && await page.locator('[data-act=next]').count(); n += 1) {
      await page.click('[data-act=next]');
      const add = page.locator('[data-act=add]').first();
      if (n < 20 && await add.count()) await add.click();
    }
    await page.click('[data-act=finish]');
    await page.evaluate(() => window.mounted.close());
    await page.waitForTimeout(50);
    await page.goto(`${served.url}/?lang=en&form=f${i}`);
    await page.waitForSelector('[data-screen]', { timeout: 60_000 });
    if (faults.length) throw new Error(faults.join('\n    '));
    opened += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${path}\n    ${[error.message, ...faults].join('\n    ').slice(0, 600)}`);
  } finally { await context.close(); }
}
slow.sort((a, b) => b[0] - a[0]);
console.log(`slowest: ${slow.slice(0, 3).map(([ms, path]) => `${Math.round(ms)} ms ${path.split('/').pop()}`).join(', ')}`);
console.log(`${opened} opened without an error, ${refused} refused by the engine, ${failed} failed`);
await browser.close();
await served.stop();
process.exitCode = failed ? 1 : 0;
