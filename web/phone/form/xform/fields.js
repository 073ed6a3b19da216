// The widgets that only forms of the survey's own have. Importing this file gives them to the renderer.
import { html, live, nothing, repeat } from '../../lit.js';
import { FIELDS } from '../fields.js';
import { isBlank } from '../value.js';
import { pictureField } from './picture.js';
import { placeField } from './place.js';

function range(node, view, { id, described }) {
  const { start, end, step } = node.range;
  const [low, high] = [Math.min(start, end), Math.max(start, end)];
  const exact = n => Number(n.toFixed(6));
  const move = by => node.set(exact(Math.min(high, Math.max(low, isBlank(node.value) ? low : node.value + by))));
  const button = (word, sign, by) => html`<button type="button" class="btn" aria-label=${view.say(word)} data-act=${word} @click=${() => { move(by); view.touch(node.path); }}>${sign}</button>`;
  return html`<div class="fm-range">${button('less', '−', -step)}
    <input id=${id} type="range" min=${low} max=${high} step=${step} aria-describedby=${described} .value=${live(String(node.value ?? low))}
      @input=${e => node.set(exact(Number(e.target.value)))}>${button('more', '+', step)}<output for=${id}>${node.value ?? '–'}</output></div>`;
}

function rank(node, view) {
  const order = node.value?.length ? node.value : node.options.map(o => o.value);
  const labels = new Map(node.options.map(o => [o.value, o.label]));
  const move = (at, by) => { const next = [...order]; [next[at], next[at + by]] = [next[at + by], next[at]]; node.set(next); view.touch(node.path); };
  const button = (word, sign, at, by) => html`<button type="button" class="btn" data-act=${word} aria-label="${view.say(word)}: ${labels.get(order[at])}" ?disabled=${at + by < 0 || at + by >= order.length} @click=${() => move(at, by)}>${sign}</button>`;
  return html`<ol class="fm-rank${node.value?.length ? '' : ' open'}">${repeat(order, v => v, (v, at) => html`<li data-value=${v}><span>${labels.get(v)}</span>${button('up', '↑', at, -1)}${button('down', '↓', at, 1)}</li>`)}</ol>
    ${node.value?.length ? nothing : html`<button type="button" class="btn" data-act="order" @click=${() => { node.set(order); view.touch(node.path); }}>${view.say('confirm')}</button>`}`;
}

/** A question that only another program can ask. */
const elsewhere = (_, view) => html`<p class="mute small">${view.say('collect_only')}</p>`;

Object.assign(FIELDS, { range, rank, elsewhere, geopoint: placeField, picture: pictureField });
