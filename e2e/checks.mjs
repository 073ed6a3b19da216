// How every script of this directory counts its checks. ONLY='cards|login' runs the checks whose names fit; SLOWEST=20 lists those that
// took longest.
const only = new RegExp(process.env.ONLY ?? '');
/** Whether everything is tried: `make pages-long` sets LONG=1. Else what is tried many times over is tried in a fixed part of its ways. */
export const isLong = Boolean(process.env.LONG);

/**
 * Ways to try a page, given as lists of what can vary, such as languages, widths and themes. All combinations when everything is tried, else
 * half of them: every value occurs, and with three lists every two values of different lists meet.
 */
export function ways(...lists) {
  const all = lists.reduce((made, list) => made.flatMap(way => list.map((value, i) => [...way, [value, i]])), [[]]);
  const isChosen = way => isLong || way.reduce((sum, [, i]) => sum + i, 0) % 2 === 0;
  return all.filter(isChosen).map(way => way.map(([value]) => value));
}

let passed = 0, failed = 0;
/** Seconds and name of every check, for `SLOWEST=20`. */
const taken = [];

/** Runs one check; `work` throws, or gives a list of faults. What `always` is runs whatever ONLY says. */
export async function check(name, work, { always = false } = {}) {
  if (!always && !only.test(name)) return;
  const begun = Date.now();
  try {
    const faults = (await work()) ?? [];
    if (faults.length) throw new Error(faults.join('\n    '));
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n    ${error.message.split('\n').slice(0, 12).join('\n    ')}`);
  }
  taken.push([(Date.now() - begun) / 1000, name]);
}

export function need(holds, words) { if (!holds) throw new Error(words); }

/** The closing line, and the exit code. */
export function tell() {
  for (const [seconds, name] of taken.sort((a, b) => b[0] - a[0]).slice(0, Number(process.env.SLOWEST ?? 0))) console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
