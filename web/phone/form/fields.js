// The widgets: one question as HTML. Stores through the node, keeps nothing itself; what only the page knows (filters, what was
// left already) is with `view`. Nothing here listens to keys, so input methods work undisturbed.
import { html, live, nothing, repeat } from '../lit.js';
import { isBlank } from './value.js';

const MANY_OPTIONS = 12, SHOWN_OPTIONS = 60;
export const has = (node, word) => node.appearance.split(' ').includes(word);
export const idOf = path => `q${path.replace(/[^\w]+/g, '-')}`;

/** What draws each kind; those that only forms of the survey's own have come with `xform/fields.js`. */
export const FIELDS = { one: choice, many: choice, number: typed, decimal: typed, text: typed, date: parts, time: parts, datetime: parts, acknowledge, note: () => nothing };
const SINGLE = new Set(['number', 'decimal', 'text', 'range']);

/** One question: label, hint, field, where its answer comes from, what is wrong with it. */
export function question(node, view) {
  if (node.kind === 'group') return html`<h3>${node.label}</h3>`;
  if (node.kind === 'repeat') return cards(node, view);
  const [id, problem] = [idOf(node.path), view.problem(node)];
  const described = [node.hint && `${id}-h`, problem && `${id}-p`].filter(Boolean).join(' ') || nothing;
  const body = node.readonly && node.kind !== 'note' ? fixed(node) : FIELDS[node.kind](node, view, { id, described, wrong: Boolean(problem?.grave) });
  const head = html`${node.label}${node.required || node.readonly || node.kind === 'note' ? nothing : html` <span class="mute small fm-opt-word">${view.say('optional')}</span>`}`;
  const rest = html`${node.mark ? html`<p class="fm-mark"><span class="tag">${node.mark}</span></p>` : nothing}
    ${problem ? html`<p class=${problem.grave ? 'fm-problem' : 'fm-doubt'} id="${id}-p" data-problem=${problem.code}>${problem.text}</p>` : nothing}
    ${offers(node, view)}`;
  const hint = html`${node.hint ? html`<p class="mute small" id="${id}-h">${node.hint}</p>` : nothing}${pictures(node.media)}`;
  const left = e => { if (!e.currentTarget.contains(e.relatedTarget)) view.touch(node.path); };
  if (node.kind === 'note') return html`<div class="fm-q fm-note${has(node, 'follows') ? ' fm-fixed' : ''}" data-path=${node.path}><p>${head}</p>${hint}</div>`;
  if (node.kind === 'acknowledge') return html`<div class="fm-q" data-path=${node.path} @focusout=${left}>${body}${hint}${rest}</div>`;
  return SINGLE.has(node.kind) && !node.readonly
    ? html`<div class="fm-q" data-path=${node.path} @focusout=${left}><label class="fm-l" for=${id}>${head}</label>${hint}${body}${rest}</div>`
    : html`<fieldset class="fm-q" data-path=${node.path} aria-describedby=${described} @focusout=${left}><legend class="fm-l">${head}</legend>${hint}${body}${rest}</fieldset>`;
}

const pictures = media => (media?.image ? html`<img class="fm-image" src=${media.image} alt="">` : nothing);

/** An answer that follows from others or may not be changed. */
function fixed(node) {
  const shown = node.options.length ? node.options.filter(o => [node.value].flat().includes(o.value)).map(o => o.label).join(' · ') : shownValue(node);
  return html`<p class="fm-fixed">${shown || '–'}</p>`;
}
const shownValue = ({ value }) => (isBlank(value) ? '' : value instanceof Blob ? value.name : typeof value === 'object' ? Object.values(value).filter(v => !isBlank(v)).join('-') : String(value));

function offers(node, view) {
  const list = node.offers ?? [];
  if (!list.length || node.readonly) return nothing;
  return html`<div class="row fm-offers">${list.map(o => html`<button type="button" class="btn" data-act="offer" @click=${() => { o.run(); view.touch(node.path); }}>${o.label}</button>`)}</div>`;
}

// ---------------------------------------------------------------- choices
const chosen = node => [node.value ?? []].flat();

function choose(node, value, on) {
  if (node.kind === 'one') node.set(on ? value : null);
  else node.set(on ? [...chosen(node), value] : chosen(node).filter(v => v !== value));
}

function option(node, view, { value, label, media }, close) {
  const on = chosen(node).includes(value);
  const change = e => { choose(node, value, e.target.checked); view.touch(node.path); if (close && node.kind === 'one') close(e.target); };
  return html`<label class="fm-opt${on ? ' on' : ''}"><input type=${node.kind === 'one' ? 'radio' : 'checkbox'} name=${idOf(node.path)} value=${value}
    .checked=${live(on)} @change=${change}><span>${label}${media?.image ? html`<img class="fm-image" src=${media.image} alt="">` : nothing}</span></label>`;
}

function choice(node, view, given) {
  if (has(node, 'minimal')) return sheet(node, view, given);
  return html`${filtered(node, view)}${clear(node, view)}`;
}

/** The rows of a choice, with a field to filter them where they are many. */
function filtered(node, view, close) {
  const options = node.options;
  const ui = view.ui(node.path);
  const isFiltered = options.length > MANY_OPTIONS || has(node, 'autocomplete') || has(node, 'search');
  const wanted = (ui.filter ?? '').trim().toLowerCase();
  const isOn = o => chosen(node).includes(o.value);
  const fitting = isFiltered ? options.filter(o => isOn(o) || o.label.toLowerCase().includes(wanted)) : options;
  const shown = isFiltered ? [...fitting.filter(isOn), ...fitting.filter(o => !isOn(o)).slice(0, SHOWN_OPTIONS)] : fitting;
  return html`${isFiltered ? html`<input class="fm-in" type="search" autocomplete="off" aria-label=${view.say('filter')} placeholder=${view.say('filter')}
      .value=${live(ui.filter ?? '')} @input=${e => { ui.filter = e.target.value; view.update(); }}>` : nothing}
    <div class="fm-opts${has(node, 'pair') ? ' two' : /(^| )(columns|likert)/.test(node.appearance) ? ' wide' : ''}">${repeat(shown, o => o.value, o => option(node, view, o, close))}</div>
    ${fitting.length > shown.length ? html`<p class="mute small">${view.say('more_options', { n: fitting.length - shown.length })}</p>` : nothing}`;
}

function clear(node, view) {
  if (node.required || isBlank(node.value)) return nothing;
  return html`<button type="button" class="fm-link" data-act="clear" @click=${() => node.set(node.kind === 'one' ? null : [])}>${view.say('clear')}</button>`;
}

/** A choice that opens from below. */
function sheet(node, view, { id, described }) {
  const close = element => { element.closest('dialog').close(); element.closest('.fm-q').querySelector('.fm-pick').focus(); };
  const labels = node.options.filter(o => chosen(node).includes(o.value)).map(o => o.label).join(' · ');
  return html`<button type="button" class="btn fm-pick" id=${id} data-act="choose" aria-haspopup="dialog" aria-describedby=${described}
      @click=${e => e.currentTarget.nextElementSibling.showModal()}><span>${labels || view.say('choose')}</span><span aria-hidden="true">▾</span></button>
    <dialog class="fm-sheet" aria-label=${node.label}><h3>${node.label}</h3>${filtered(node, view, close)}
      <div class="row">${clear(node, view)}<button type="button" class="btn" data-act="close" @click=${e => close(e.currentTarget)}>${view.say('close')}</button></div></dialog>`;
}

// ---------------------------------------------------------------- typed
const MODES = { number: 'numeric', decimal: 'decimal' };

function typed(node, view, { id, described, wrong }) {
  const text = String(node.text ?? '');
  const mode = MODES[node.kind] ?? (has(node, 'numbers') ? 'numeric' : has(node, 'tel') ? 'tel' : 'text');
  const set = e => node.set(e.target.value);
  // A number that could be read is shown as it was read, once the field is left.
  const settle = () => { if (MODES[node.kind] && node.value !== null) node.set(node.value); };
  const left = node.length ? node.length - text.length : Infinity;
  const field = has(node, 'multiline')
    ? html`<textarea class="fm-in" id=${id} rows="4" aria-describedby=${described} aria-invalid=${wrong} .value=${live(text)} @input=${set}></textarea>`
    : html`<input class="fm-in" id=${id} type="text" autocomplete="off" inputmode=${mode} autocapitalize=${has(node, 'id') ? 'characters' : nothing} spellcheck="false"
        aria-describedby=${described} aria-required=${node.required} aria-invalid=${wrong} .value=${live(text)} @input=${set} @change=${settle}>`;
  return html`${field}${text && left > 0 && left <= node.length / 5 ? html`<p class="mute small">${view.say('chars_left', { n: left })}</p>` : nothing}
    ${MODES[node.kind] && node.value >= 1000 ? html`<p class="mute small" aria-hidden="true">${node.value.toLocaleString()}</p>` : nothing}`;
}

// ---------------------------------------------------------------- dates and times
const PARTS = { y: ['year', 4], m: ['month', 2], d: ['day', 2], h: ['hour', 2], i: ['minute', 2] };

function parts(node, view, { described, wrong }) {
  const shown = node.parts ?? (node.kind === 'time' ? 'hi' : 'ymd');
  const field = part => {
    const [name, digits] = PARTS[part];
    return html`<label class="fm-part fm-part-${digits}"><input class="fm-in" type="text" inputmode="numeric" autocomplete="off" maxlength=${digits} data-part=${part} aria-invalid=${wrong}
      aria-describedby=${described} .value=${live(String(node.text?.[part] ?? ''))} @input=${e => node.set({ [part]: e.target.value })}><span>${view.say(name)}</span></label>`;
  };
  return html`<div class="fm-parts">${[...shown].map(field)}</div>`;
}

// ---------------------------------------------------------------- acknowledge
function acknowledge(node, view, { id, described }) {
  if (has(node, 'confirm')) {
    return html`<button type="button" class="btn fm-confirm${node.value ? ' on' : ''}" id=${id} data-act="confirm" aria-pressed=${Boolean(node.value)} aria-describedby=${described}
      @click=${() => { node.set(!node.value); view.touch(node.path); }}>${node.value ? '✓ ' : ''}${node.label}</button>`;
  }
  return html`<label class="fm-opt${node.value ? ' on' : ''}"><input type="checkbox" id=${id} aria-describedby=${described} .checked=${live(Boolean(node.value))}
    @change=${e => { node.set(e.target.checked); view.touch(node.path); }}><span>${node.label}</span></label>`;
}

// ---------------------------------------------------------------- a list of people or things
/** A repeat: one card an item, with its name, what is missing, and what may be done with it. */
function cards(node, view) {
  const problem = view.problem(node);
  return html`<div class="fm-q" role="group" data-path=${node.path} aria-label=${node.label}>
    <ol class="fm-cards">${repeat(node.children.filter(item => item.relevant), item => item.key ?? item, item => card(item, view))}</ol>
    ${problem ? html`<p class="fm-problem" data-problem=${problem.code}>${problem.text}</p>` : nothing}
    <div class="fm-adds">${node.options.map((o, at) => html`<button type="button" class="btn" data-act=${at ? `add_${o.value}` : 'add'} data-value=${o.value}
      @click=${() => view.add(node, o.value)}>${o.label}</button>`)}</div></div>`;
}

function card(item, view) {
  const open = view.openWithin(item);
  const listed = item.children.filter(q => has(q, 'listed'));
  return html`<li class="fm-card" data-item=${item.path}>
    <button type="button" class="fm-card-head" data-act="open" @click=${() => view.goto(item.path)}><b>${item.label}</b>
      <span class="mute small">${[item.hint, open ? view.say('open_here', { n: open }) : view.say('all_done')].filter(Boolean).join(' · ')}</span></button>
    ${listed.map(q => question(q, view))}
    ${item.actions?.length || item.remove ? html`<div class="row">${(item.actions ?? []).map(a => html`<button type="button" class="fm-link" data-act=${a.name} @click=${a.run}>${a.label}</button>`)}
      ${item.remove ? html`<button type="button" class="fm-link" data-act="remove" aria-label="${view.say('remove')}: ${item.label}" @click=${() => view.remove(item)}>${view.say('remove')}</button>` : nothing}</div>` : nothing}</li>`;
}
