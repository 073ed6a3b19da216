// Invented households filled in with the short form's own model, sent to a service: none may be held for its form. Closing line: "N
// accepted, N held". HOUSEHOLDS=100 sends fewer.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as census from '../web/phone/form/census.js';
import { fillCensus, find, household } from './form_households.mjs';
import { wordsOf } from './form_words.mjs';
import { freePort, program, run } from './service.mjs';

const WANTED = Number(process.env.HOUSEHOLDS ?? 500);
const dir = mkdtempSync('/tmp/doorknock-forms-');
chmodSync(dir, 0o755);
const data = join(dir, 'data'), url = `http://127.0.0.1:${await freePort()}`, setup = new URL('../fixtures/yongxin', import.meta.url).pathname;
const service = spawn(program, ['serve', '--listen', url.slice(7), '--data-dir', data], { stdio: ['ignore', 'pipe', 'pipe'] });
const gone = new Promise(resolve => { service.once('exit', resolve); });
try {
  await new Promise((resolve, reject) => {
    service.stdout.on('data', chunk => { if (String(chunk).includes('listening on')) resolve(); });
    service.once('exit', () => reject(new Error('the service did not start')));
  });
  run(['setup', setup, '--data-dir', data]);
  const device_id = randomUUID();
  const token = run(['token', 'e01', '--device', device_id, '--data-dir', data]).trim().split('\n').pop();
  const call = async (path, body) => {
    const answer = await fetch(url + path, { method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const cases = [];
  for (let cursor = '', more = true; more && cases.length < WANTED;) {
    const page = await call(`/v1/changes?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    cases.push(...page.changes.filter(c => c.kind === 'case' && c.op === 'put').map(c => c.data.id));
    ({ cursor, more } = page);
  }
  const strings = wordsOf('zh');
  const records = Array.from({ length: WANTED }, (_, i) => {
    const case_id = cases[i % cases.length];
    const door = { case_id, survey: { reference_at: '2020-11-01T00:00:00+08:00', time_zone: 'Asia/Shanghai' } };
    const model = census.open({ id: 'census_short', version: '' }, door, null, { language: 'zh', strings, previous: null });
    fillCensus(model, household(i + 1));
    // Every fifth form breaks off after the list, before anybody was asked everything.
    if (i % 5 === 4) find(model.root, 'person').add('here');
    const { kind, ...said } = model.finish(i % 5 === 4 ? 'partial' : 'complete');
    return { type: kind, id: randomUUID(), case_id, revision: 1, at: '2020-11-03T19:02:11+08:00', ...said };
  });
  const { receipts } = await call('/v1/batches', { batch_id: randomUUID(), survey: 'census-2020', device_id, sent_at: new Date().toISOString(), waiting: 0, records });
  const bad = receipts.filter(r => r.status !== 'accepted');
  const warned = receipts.flatMap(r => r.warnings ?? []).map(w => `${w.reason} ${w.pointer?.split('/').pop()}`);
  for (const r of bad.slice(0, 10)) console.log(JSON.stringify(r));
  console.log(Object.entries(Object.groupBy?.(warned, w => w) ?? warned.reduce((all, w) => ({ ...all, [w]: [...(all[w] ?? []), w] }), {})).map(([w, list]) => `warned ${list.length} times: ${w}`).join('\n'));
  console.log(`${receipts.length - bad.length} accepted, ${bad.length} held or refused`);
  process.exitCode = bad.length ? 1 : 0;
} finally {
  service.kill('SIGTERM');
  await gone;
  rmSync(dir, { recursive: true, force: true });
}
