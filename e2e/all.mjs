// Every script of the pages, two at a time, the longest first. What a script says is printed when it ends. LONG=1 tries everything,
// AT_ONCE=1 one after the other. Closing line: "pages: all passed", or which failed.
import { spawn } from 'node:child_process';

const SCRIPTS = [['run.mjs'], ['phone.mjs'], ['phone_long.mjs'], ['complaints.mjs'], ['form.mjs'], ['--test', 'form_models.test.mjs'], ['card.mjs'], ['form_phone.mjs'], ['form_service.mjs']];
if (process.env.LONG) SCRIPTS.push(['phone_budgets.mjs']);
const begun = Date.now(), left = [...SCRIPTS], failed = [];

/** Runs one script to its end. */
function run(script) {
  const began = Date.now(), said = [];
  return new Promise(resolve => {
    const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', part => said.push(part));
    child.once('exit', code => {
      const name = script.at(-1);
      if (code !== 0) failed.push(name);
      console.log(`${Buffer.concat(said)}${name}: ${Math.round((Date.now() - began) / 1000)} s`);
      resolve();
    });
  });
}

async function lane() {
  for (let script = left.shift(); script; script = left.shift()) await run(script);
}

await Promise.all(Array.from({ length: Number(process.env.AT_ONCE ?? 2) }, lane));
console.log(`pages: ${failed.length ? `FAILED: ${failed.join(', ')}` : 'all passed'}, ${Math.round((Date.now() - begun) / 1000)} s`);
process.exitCode = failed.length ? 1 : 0;
