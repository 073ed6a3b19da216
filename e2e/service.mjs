// Starts the service on an invented survey in a directory of its own, and stops it again. Uses the program alone: set-up,
// batches played in, devices enrolled, a password set.
import { spawn, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const program = process.env.DOORKNOCK_BIN
  ?? ['target/release/doorknock', 'target/debug/doorknock'].map(p => join(root, p)).filter(existsSync)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
export const password = 'doors-and-more-2020';
export const evil = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">';

export const freePort = () => new Promise((resolve, reject) => {
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
});

/** Runs the program to its end; returns what it printed. */
export function run(args, input) {
  return execFileSync(program, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 64 << 20 });
}

/** A visit and a form whose texts try to run as script. */
function evilBatch(batches, devices) {
  const files = readdirSync(batches).filter(f => f.endsWith('.json') && f !== 'devices.json').sort();
  for (const file of files) {
    const batch = JSON.parse(readFileSync(join(batches, file), 'utf8'));
    const visit = batch.records.find(r => r.type === 'visit' && r.outcome === 'no_answer');
    if (!visit || !devices.some(d => d.device_id === batch.device_id)) continue;
    const record = { ...visit, id: randomUUID(), note: evil, at: visit.at };
    return { batch: { ...batch, batch_id: randomUUID(), seq: undefined, records: [record] }, caseId: visit.case_id };
  }
  throw new Error('no visit to copy');
}

export async function start() {
  if (!program) throw new Error('build doorknock first (cargo build)');
  const dir = mkdtempSync('/tmp/doorknock-e2e-');
  // The database runs as another user where this runs as root.
  chmodSync(dir, 0o755);
  const [setup, batches] = ['setup', 'batches'].map(n => join(dir, n));
  let data = join(dir, 'data');
  const url = `http://127.0.0.1:${await freePort()}`;
  run(['simulate', '--setup', join(root, 'fixtures/yongxin'), '--setup-out', setup, '--out', batches, '--seed', '1']);
  let log = '', service;
  const serve = () => new Promise((resolve, reject) => {
    service = spawn(program, ['serve', '--listen', url.slice(7), '--data-dir', data], { stdio: ['ignore', 'pipe', 'pipe'] });
    service.stderr.on('data', chunk => { log += chunk; });
    service.stdout.on('data', chunk => { if (String(chunk).includes('listening on')) resolve(); });
    service.once('exit', () => reject(new Error(log)));
  });
  const stop = async () => {
    if (service.exitCode !== null || service.signalCode !== null) return;
    const gone = new Promise(resolve => service.once('exit', resolve));
    service.kill('SIGTERM');
    await gone;
  };
  await serve();
  run(['setup', setup, '--data-dir', data]);
  const devices = JSON.parse(readFileSync(join(batches, 'devices.json'), 'utf8'));
  for (const d of devices) run(['token', d.user, '--device', d.device_id, '--data-dir', data]);
  const files = readdirSync(batches).filter(f => f !== 'devices.json').sort().map(f => join(batches, f));
  const upload = names => { try { run(['upload', ...names, '--data-dir', data, '--url', url]); } catch (e) { if (e.status !== 1 || !e.stdout) throw e; } };
  upload(files);
  const { batch, caseId } = evilBatch(batches, devices);
  const file = join(dir, 'evil.json');
  writeFileSync(file, JSON.stringify(batch));
  upload([file]);
  for (const user of ['s01', 'admin']) run(['passwd', user, '--data-dir', data], `${password}\n`);
  return {
    url, setup, evilCase: caseId, log: () => log,
    /** Where the database is now. */
    get data() { return data; },
    /** The service at the same address on a database that was restored from a backup, with the same key. */
    async restored(backup) {
      await stop();
      const from = data;
      data = `${from}.restored`;
      mkdirSync(data);
      copyFileSync(join(from, 'doorknock.key'), join(data, 'doorknock.key'));
      if (process.getuid() === 0) chownSync(data, statSync(from).uid, statSync(from).gid);
      run(['restore', backup, '--data-dir', data]);
      await serve();
    },
    /** Runs a command of the program on this service's data; returns what it printed. */
    command: (...args) => run([...args, '--data-dir', data]),
    /** The service's process ends, the data stays; and begins again. */
    down: stop, up: serve,
    async stop() {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
