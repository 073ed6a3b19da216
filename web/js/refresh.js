// Asks every minute, while the page is seen, whether there are newer figures. The bar tells; the figures change only when
// asked to, without moving focus or scroll. What cannot be refreshed stays, with the time it is of.
import { startGrids } from './grid.js';
import { startSwaps } from './swap.js';

const EVERY_MS = 60_000;
const SLOW_MS = 400;
let bar, tag, missed = 0;

const words = name => document.body.dataset[name];
const clock = text => text.slice(11, 16);

/** The time of day in the survey's zone, whose offset the bar carries; the browser may stand in another. */
function surveyClock() {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(bar.dataset.live) ?? [0, '+', 0, 0];
  const offset = (60 * hours + Number(minutes)) * (sign === '-' ? -1 : 1);
  return new Date(Date.now() + offset * 60_000).toISOString().slice(11, 16);
}

function say(text) {
  const place = bar.querySelector('.state');
  if (place.textContent !== text) place.textContent = text;
}

/** Puts the present minute behind the time of the bar: figures that did not change are as of now. */
function setTime(machine) {
  const time = bar.querySelector('time');
  time.textContent = time.textContent.replace(/\d\d:\d\d$/, clock(machine));
  time.dateTime = machine;
}

async function look() {
  if (document.hidden) return;
  const url = new URL(location.href);
  url.searchParams.set('part', 'asof');
  url.hash = '';
  try {
    const answer = await fetch(url, { headers: tag ? { 'if-none-match': tag } : {}, cache: 'no-store', redirect: 'error' });
    if (answer.status !== 304 && !answer.ok) throw new Error(answer.status);
    missed = 0;
    const first = tag === undefined;
    if (answer.status !== 304 && !first) {
      say('');
      bar.querySelector('[data-refresh]').textContent = words('new');
    } else {
      setTime(answer.headers.get('x-as-of') ?? '');
      say('');
    }
    tag = answer.headers.get('etag') ?? tag;
  } catch {
    missed += 1;
    say(words('failed').replace('{time}', surveyClock()));
    bar.querySelector('[data-refresh]').textContent = words('again');
    if (missed >= 3) bar.classList.remove('fresh');
  }
}

/** Loads the page again and puts its figures and its bar in place of the old ones. */
async function renew(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const figures = document.getElementById('figures');
  figures.setAttribute('aria-busy', 'true');
  const slow = setTimeout(() => figures.classList.add('busy'), SLOW_MS);
  try {
    const answer = await fetch(location.href, { cache: 'no-store', redirect: 'error' });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const [fresh, newBar] = [page.getElementById('figures'), page.querySelector('.asof')];
    if (!fresh || !newBar) throw new Error('page');
    const [x, y] = [scrollX, scrollY];
    figures.replaceWith(document.adoptNode(fresh));
    bar.className = newBar.className;
    bar.querySelector('p').replaceWith(document.adoptNode(newBar.querySelector('p')));
    bar.querySelector('[data-refresh]').textContent = page.querySelector('[data-refresh]').textContent;
    scrollTo(x, y);
    tag = undefined;
    missed = 0;
    startGrids(fresh);
    startSwaps(fresh);
  } catch {
    figures.removeAttribute('aria-busy');
    figures.classList.remove('busy');
    say(words('failed').replace('{time}', surveyClock()));
  } finally {
    clearTimeout(slow);
  }
}

export function startRefresh() {
  bar = document.querySelector('.asof[data-live]');
  if (!bar) return;
  bar.querySelector('[data-refresh]').addEventListener('click', renew);
  look();
  setInterval(look, EVERY_MS);
  document.addEventListener('visibilitychange', look);
}
