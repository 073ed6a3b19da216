// The page begins here: words, database, worker, the first draw; then one draw after every change.

import { html, render } from './lit.js';
import { add, enterAdd } from './add.js';
import { contact, onContact } from './api.js';
import { booked } from './booked.js';
import { cookie } from './cookie.js';
import { currentName } from './db.js';
import { checks } from './check.js';
import { setDraw } from './draw.js';
import { doorPage } from './door_page.js';
import { enrolPage, enterEnrol } from './enrol.js';
import { warmUp } from './forms.js';
import { frame, go } from './frame.js';
import { enterInterview, enterMore, interview, leaveInterview } from './interview.js';
import { closeKnock, knock } from './knock.js';
import { releaseAll } from './outbox.js';
import { askStorage, isReady, lookReady, takeShell } from './ready.js';
import { enrolment, model, onChange, use, waiting } from './store.js';
import { startSync } from './sync.js';
import { syncPage } from './sync_page.js';
import { enterToday, today, watchEnd } from './today.js';
import { loadWords } from './words.js';

/** Each place: which addresses, what is drawn, what is done before the first draw, what after it. */
const PLACES = [
  [/^\/phone\/booked$/, booked],
  [/^\/phone\/add$/, add, (_, query) => enterAdd({ of: query.get('of'), correct: query.get('correct') })],
  [/^\/phone\/sync$/, syncPage],
  [/^\/phone\/enrol$/, enrolPage, enterEnrol],
  [/^\/phone\/checks$/, checks],
  [/^\/phone\/case\/([0-9a-f-]{36})\/interview$/, interview, null, ([id], query) => enterInterview(id, query)],
  [/^\/phone\/case\/([0-9a-f-]{36})\/more$/, interview, null, ([id], query) => enterMore(id, query)],
  [/^\/phone\/form$/, () => interview(null), null, (_, query) => enterInterview(null, query)],
  [/^\/phone\/case\/([0-9a-f-]{36})$/, doorPage],
  [/^\/phone\/?$/, today, enterToday],
];

let here = null, isDue = false, isSecond = false, isLeading = false, hasBegun = false;

function find() {
  if (!enrolment() && location.pathname !== '/phone/enrol') go('/phone/enrol', { replace: true });
  for (const [pattern, page, before, after] of PLACES) {
    const found = location.pathname.match(pattern);
    if (found) return { page, before, after, parts: found.slice(1), path: location.pathname };
  }
  go('/phone/', { replace: true });
  return find();
}

/** Opens the place that the address names. */
async function move() {
  closeKnock();
  leaveInterview();
  const was = here?.path;
  here = find();
  const query = new URLSearchParams(location.search);
  here.before?.(here.parts, query);
  drawNow();
  if (was !== undefined && was !== here.path) {
    scrollTo(0, 0);
    document.querySelector('h1')?.focus({ preventScroll: true });
  }
  await here.after?.(here.parts, query);
}

function drawNow() {
  isDue = false;
  // After signing out there is nobody to draw for, until the page begins anew.
  if (here === null || (!enrolment() && here.page !== enrolPage)) return;
  const page = here.page(...here.parts);
  const app = document.getElementById('app');
  // What stands there until the program has begun; the library adds to what it finds.
  if (!hasBegun) app.replaceChildren();
  hasBegun = true;
  render(html`${frame(page, here.path, isSecond)}${knock()}`, app);
  watchEnd();
  document.title = `${page.title} — Doorknock`;
  const root = document.documentElement.dataset;
  Object.assign(root, { online: String(contact.online), waiting: String(waiting().length), ready: String(isReady()), drafts: String(model.drafts.length) });
}

function draw() {
  if (isDue) return;
  isDue = true;
  // A page in the background gets no frames, and its attributes should be right all the same.
  if (document.hidden) setTimeout(drawNow, 0);
  else requestAnimationFrame(drawNow);
}

/** Links inside the page change the address without loading anything. */
function onClick(event) {
  const link = event.target.closest?.('a[href^="/phone"]');
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
  event.preventDefault();
  go(link.getAttribute('href'));
}

/** One tab leads: it sends and pulls. A second one shows a notice, and leads when the first is closed. */
function lead() {
  if (!navigator.locks) { begin(); return; }
  const name = `${model.name}:page`;
  navigator.locks.request(name, { ifAvailable: true }, lock => {
    if (lock) { begin(); return new Promise(() => {}); }
    isSecond = true;
    draw();
    navigator.locks.request(name, () => { isSecond = false; begin(); return new Promise(() => {}); });
    return undefined;
  });
}

async function begin() {
  if (isLeading) return;
  isLeading = true;
  // What still rests was recorded by a page that is gone: nobody can undo it any more.
  await releaseAll().catch(() => {});
  startSync();
  draw();
}

async function isAlone() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return !held.some(lock => lock.name.endsWith(':page'));
}

async function start() {
  const theme = cookie('doorknock_theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  await loadWords();
  const alone = await isAlone();
  await takeShell(alone).catch(error => console.warn('no worker', error.name));
  await use(currentName());
  setDraw(draw);
  onChange(draw);
  onContact(draw);
  for (const name of ['popstate', 'doorknock:moved']) addEventListener(name, move);
  addEventListener('doorknock:enrolled', () => { lead(); look(); });
  addEventListener('hashchange', () => { if (location.hash.length > 1) { enterEnrol(); draw(); } });
  document.addEventListener('click', onClick);
  await move();
  if (enrolment()) { lead(); askStorage().then(draw); }
  look();
  setInterval(draw, 30_000);
}

/** Looks for what is missing, every second until the phone is ready; then the forms are made ready to open. */
async function look() {
  await lookReady().catch(() => {});
  draw();
  if (!isReady()) setTimeout(look, 1000);
  else (globalThis.requestIdleCallback ?? setTimeout)(() => warmUp().catch(error => console.warn('forms are not ready', error.name)));
}

start();
