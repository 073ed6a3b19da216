// Finding a position: the search starts when the question is shown, keeps the best fix of 20 seconds, and never blocks.
import { html, nothing } from '../../lit.js';

const SEARCH_MS = 20_000;

function begin(ui, view, node) {
  ui.search = { best: null };
  const { geolocation } = navigator;
  if (!geolocation) { ui.search.failed = true; return; }
  const end = found => {
    geolocation.clearWatch(id);
    clearTimeout(timer);
    ui.search = found ? null : { failed: true };
    if (found) node.set(found);
    view.update();
  };
  const id = geolocation.watchPosition(({ coords: c }) => {
    const fix = { lon: c.longitude, lat: c.latitude, alt: c.altitude, accuracy_m: Math.round(c.accuracy) };
    if (ui.search && (!ui.search.best || fix.accuracy_m < ui.search.best.accuracy_m)) { ui.search.best = fix; view.update(); }
  }, () => end(null), { enableHighAccuracy: true, timeout: SEARCH_MS });
  const timer = setTimeout(() => end(ui.search?.best), SEARCH_MS);
  ui.search.take = () => end(ui.search.best);
  ui.search.stop = () => { geolocation.clearWatch(id); clearTimeout(timer); ui.search = undefined; };
}

/** The field of a question of kind `geopoint`; its value is `{ lon, lat, alt, accuracy_m }` or null. */
export function placeField(node, view) {
  const ui = view.ui(node.path);
  if (!node.value && ui.search === undefined) begin(ui, view, node);
  const again = html`<button type="button" class="btn" data-act="locate" @click=${() => { begin(ui, view, node); view.update(); }}>${view.say('locate')}</button>`;
  if (ui.search && !ui.search.failed) {
    const m = ui.search.best?.accuracy_m;
    return html`<p role="status">${m === undefined ? view.say('locating_first') : view.say('locating', { m })}</p>
      ${m === undefined ? nothing : html`<div class="row"><button type="button" class="btn" data-act="use" @click=${ui.search.take}>${view.say('use_position', { m })}</button></div>`}`;
  }
  if (ui.search?.failed || !node.value) return html`${ui.search?.failed ? html`<p class="mute">${view.say('no_position')}</p>` : nothing}<div class="row">${again}</div>`;
  const { lat, lon, accuracy_m } = node.value;
  return html`<p class="fm-fixed">${lat.toFixed(5)}, ${lon.toFixed(5)} ${view.say('position', { m: accuracy_m ?? '?' })}</p><div class="row">${again}</div>`;
}
