// Starts what a page needs. Everything here only shortens the way: without script each of these is a link or a form.
import { startGrids } from './grid.js';
import { startKeys } from './keys.js';
import { startRefresh } from './refresh.js';
import { startSwaps } from './swap.js';

startGrids();
startKeys();
startRefresh();
startSwaps();
for (const hidden of document.querySelectorAll('.scripted')) hidden.hidden = false;
// A card's picture brings its code behind the #, which no server sees.
const code = document.querySelector('main #code');
if (code && location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', location.pathname);
}
// On a small screen the marked place of the top bar is brought into sight.
document.querySelector('.main [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
// A menu closes by Escape and by a click beside it.
const menu = document.querySelector('.menu');
if (menu) {
  addEventListener('keydown', e => { if (e.key === 'Escape' && menu.open) { menu.open = false; menu.querySelector('summary').focus(); } });
  addEventListener('click', e => { if (!menu.contains(e.target)) menu.open = false; });
}
