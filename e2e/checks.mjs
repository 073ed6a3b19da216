// How every script of this directory counts its checks. ONLY='cards|login' runs the checks whose names fit.
const only = new RegExp(process.env.ONLY ?? '');
let passed = 0, failed = 0;

/** Runs one check; `work` throws, or gives a list of faults. What `always` is runs whatever ONLY says. */
export async function check(name, work, { always = false } = {}) {
  if (!always && !only.test(name)) return;
  try {
    const faults = (await work()) ?? [];
    if (faults.length) throw new Error(faults.join('\n    '));
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n    ${error.message.split('\n').slice(0, 12).join('\n    ')}`);
  }
}

export function need(holds, words) { if (!holds) throw new Error(words); }

/** The closing line, and the exit code. */
export function tell() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
