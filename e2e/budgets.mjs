// What pages weigh and how long they take: bytes as sent, requests, time of the server, first paint, processor time of the
// browser. On the invented survey, or on the service at DOORKNOCK_URL with DOORKNOCK_USER and DOORKNOCK_PASSWORD.
import { launch, signIn } from './browser.mjs';
import { addresses } from './pages.mjs';
import { password, start } from './service.mjs';

const TIMES = Number(process.env.TIMES ?? 5);
const service = process.env.DOORKNOCK_URL ? { url: process.env.DOORKNOCK_URL, stop: () => {} } : await start();
const { url } = service;
const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const browser = await launch();
try {
  const first = await browser.newContext({ locale: 'en-GB' });
  const entry = await first.newPage();
  await signIn(entry, url, process.env.DOORKNOCK_USER ?? 's01', process.env.DOORKNOCK_PASSWORD ?? password);
  const places = process.env.PATHS ? { all: process.env.PATHS.split(' ') } : await addresses(entry, url);
  const state = await first.storageState();
  console.log('| page | HTML gz | all | requests | server ms, first | then | first paint ms | CPU ms |\n|---|---|---|---|---|---|---|---|');
  for (const path of new Set(places.all)) {
    const runs = [];
    for (let i = 0; i < TIMES; i += 1) {
      const context = await browser.newContext({ storageState: state, locale: 'en-GB' });
      const page = await context.newPage();
      const cdp = await context.newCDPSession(page);
      await cdp.send('Performance.enable');
      let bytes = 0, requests = 0, html = 0;
      await cdp.send('Network.enable');
      const kinds = new Map();
      cdp.on('Network.requestWillBeSent', e => { requests += 1; kinds.set(e.requestId, e.type); });
      cdp.on('Network.loadingFinished', e => { bytes += e.encodedDataLength; if (kinds.get(e.requestId) === 'Document') html += e.encodedDataLength; });
      await page.goto(url + path, { waitUntil: 'load' });
      await page.waitForTimeout(400);
      const times = await page.evaluate(() => {
        const [nav] = performance.getEntriesByType('navigation');
        return { server: nav.responseStart - nav.requestStart, paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN };
      });
      const { metrics } = await cdp.send('Performance.getMetrics');
      const cpu = metrics.find(m => m.name === 'TaskDuration').value * 1000;
      runs.push({ ...times, cpu, bytes, requests, html });
      await context.close();
    }
    const mid = key => median(runs.map(r => r[key]));
    const kb = n => `${(n / 1024).toFixed(1)} KB`;
    console.log(`| ${path.replace(/[0-9a-f-]{36}/g, '…')} | ${kb(mid('html'))} | ${kb(mid('bytes'))} | ${mid('requests')} | ${runs[0].server.toFixed(0)} | ${median(runs.slice(1).map(r => r.server)).toFixed(0)} | ${mid('paint').toFixed(0)} | ${mid('cpu').toFixed(0)} |`);
  }
} finally {
  await browser.close();
  await service.stop();
}
