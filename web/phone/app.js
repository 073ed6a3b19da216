// The page begins here: words, database, worker, the first draw; then one draw after every change. Places other than Today are loaded after
// the first draw, while nobody waits.

import { html, render } from './lit.js';
import { contact, onContact } from './api.js';
import { cookie } from './cookie.js';
import { currentName } from './db.js';
import { setDraw } from './draw.js';
import { warmUp } from './forms.js';
import { frame, go } from './frame.js';
import { closeKnock, knock } from './knock.js';
import { releaseAll } from './outbox.js';
import { askStorage, isReady, lookReady, takeShell } from './ready.js';
import { enrolment, model, onChange, use, waiting } from './store.js';
import { startSync } from './sync.js';
import * as today from './today.js';
import { watchEnd } from './today.js';
import { loadWords, t } from './words.js';

/** A module that is loaded when it is first needed, or while the phone is idle. `now` is what it exports, once it is there. */
function later(load) {
  const module = { now: null, load: async () => { module.now ??= await load(); return module.now; } };
  return module;
}
const TODAY = { now: today, load: async () => today }, ENROL = later(() => import('./enrol.js'));
const FORMS = later(() => import('./interview.js'));
const query = () => new URLSearchParams(location.search);

/**
 * Each place: which addresses, its module, what is drawn, what is done before the first draw, what after it, what when it is left.
 * All but the first take a module's exports.
 */
const PLACES = [
  [/^\/phone\/?$/, TODAY, m => m.today, m => m.enterToday()],
  [/^\/phone\/booked$/, later(() => import('./booked.js')), m => m.booked],
  [/^\/phone\/add$/, later(() => import('./add.js')), m => m.add, m => m.enterAdd({ of: query().get('of'), correct: query().get('correct') })],
  [/^\/phone\/sync$/, later(() => import('./sync_page.js')), m => m.syncPage],
  [/^\/phone\/enrol$/, ENROL, m => m.enrolPage, m => m.enterEnrol()],
  [/^\/phone\/checks$/, later(() => import('./check.js')), m => m.checks],
  [/^\/phone\/case\/([0-9a-f-]{36})\/interview$/, FORMS, m => m.interview, null, (m, id) => m.enterInterview(id, query()), m => m.leaveInterview()],
  [/^\/phone\/case\/([0-9a-f-]{36})\/more$/, FORMS, m => m.interview, null, (m, id) => m.enterMore(id, query()), m => m.leaveInterview()],
  [/^\/phone\/form$/, FORMS, m => () => m.interview(null), null, m => m.enterInterview(null, query()), m => m.leaveInterview()],
  [/^\/phone\/case\/([0-9a-f-]{36})$/, later(() => import('./door_page.js')), m => m.doorPage],
];

let here = null, moves = 0, isDue = false, isSecond = false, isLeading = false, hasBegun = false;

function find() {
  if (!enrolment() && location.pathname !== '/phone/enrol') go('/phone/enrol', { replace: true, isSilent: true });
  for (const [pattern, module, page, before, after, leave] of PLACES) {
    const found = location.pathname.match(pattern);
    if (found) return { module, page, before, after, leave, parts: found.slice(1), path: location.pathname };
  }
  go('/phone/', { replace: true, isSilent: true });
  return find();
}

/** The module of a place. Where the service has a newer page and this one's files are gone, the new one is loaded. */
async function loaded(place) {
  try {
    return place.module.now ?? await place.module.load();
  } catch (error) {
    console.warn('a part of the page is not here', error.name);
    if (navigator.onLine) location.reload();
    return null;
  }
}

/** Opens the place that the address names. */
async function move() {
  moves += 1;
  const mine = moves, was = here?.path;
  closeKnock();
  here?.leave?.(here.module.now);
  const place = find();
  // A place whose module is here already is drawn at once, without a turn in between.
  const module = place.module.now ?? await loaded(place);
  if (!module || mine !== moves) return;
  here = place;
  here.before?.(module);
  drawNow();
  if (was !== undefined && was !== here.path) {
    scrollTo(0, 0);
    document.querySelector('h1')?.focus({ preventScroll: true });
  }
  await here.after?.(module, ...here.parts);
}

/** Where the page is drawn, without what stands there until the program has begun; the library adds to what it finds. */
function cleared() {
  const app = document.getElementById('app');
  app.replaceChildren();
  return app;
}

function drawNow() {
  isDue = false;
  // After signing out there is nobody to draw for, until the page begins anew.
  if (here === null || (!enrolment() && here.module !== ENROL)) return;
  const page = here.page(here.module.now)(...here.parts);
  const app = hasBegun ? document.getElementById('app') : cleared();
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
  // Nothing of this waits for another; a page that is taken over by a new version ends here.
  const storage = use(currentName()).then(() => null, error => error);
  const shell = isAlone().then(takeShell).catch(error => console.warn('no worker', error.name));
  await Promise.all([loadWords(), shell]);
  const fault = await storage;
  if (fault) {
    // Without its database the page can do nothing, and must not look as if it held nothing.
    console.warn('no storage', fault.name);
    render(html`<main><h1>${t('phone.no_storage')}</h1><p class="notice bad" role="alert" data-fault="no-storage">${t('phone.no_storage_text')}</p>
      <button type="button" class="btn pri" @click=${() => location.reload()}>${t('phone.try_again')}</button></main>`, cleared());
    return;
  }
  setDraw(draw);
  onChange(draw);
  onContact(draw);
  // An open form goes back by one screen and stays.
  addEventListener('popstate', () => { if (here?.module !== FORMS || !FORMS.now.wentBack()) move(); });
  addEventListener('doorknock:moved', move);
  addEventListener('doorknock:enrolled', () => { lead(); look(); });
  addEventListener('hashchange', async () => { if (location.hash.length > 1) { (await ENROL.load()).enterEnrol(); draw(); } });
  document.addEventListener('click', onClick);
  await move();
  if (enrolment()) { lead(); askStorage().then(draw); }
  look();
  whenIdle(loadAll);
  setInterval(draw, 30_000);
}

/** Looks for what is missing, every second until the phone is ready; then the forms are made ready to open. */
async function look() {
  await lookReady().catch(() => {});
  draw();
  if (!isReady()) setTimeout(look, 1000);
  else whenIdle(() => warmUp().catch(error => console.warn('forms are not ready', error.name)));
}

const whenIdle = work => (globalThis.requestIdleCallback ?? setTimeout)(work);

/** Loads what the first draw did not need, so that every place opens at once, also where no worker keeps the files. */
async function loadAll() {
  for (const [, module] of PLACES) await module.load().catch(() => {});
  await import('./form/index.js').catch(() => {});
}

start();
