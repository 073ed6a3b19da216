// Forms on the phone. `mountForm` opens one: chooses the model, shows it, stores its draft, hands over its record.
//
// A form model, made by `open(form, door, draft, { language, strings, previous })` of `census.js` or `xform/index.js`:
//   root, languages, language, setLanguage(l)
//   problems() -> [{ path, label, where, code, text, grave }]; what is grave keeps a form from being complete
//   draft() -> what `open` takes to go on; finish(result) -> the record, `result` complete or partial
//   on(listener) -> function that stops listening; close(); loss: rows with answers that a change would take away, or null:
//   { names, run(), no() }
// A node: path, kind, label, hint, media, value, text (as typed), options [{ value, label }], required, readonly, relevant,
//   problem { code, text, grave } or null, appearance (words), children, set(value), add(which), remove(); where it fits also
//   mark (where an answer comes from), offers [{ label, run }] (answers of one tap), parts, range, length, maxPixels.
// Kinds and their values: group, item (no value) · repeat · one (text) · many, rank (texts) · number, decimal (number) ·
//   date, time, datetime ({ y, m, d, h, i }, unknown parts null) · text · range (number) · geopoint ({ lon, lat, alt, accuracy_m }) ·
//   picture (File) · acknowledge (true or false) · note · elsewhere (only ODK Collect can ask it).
import { html, nothing, render } from '../lit.js';
import * as census from './census.js';
import { View } from './render.js';

const SAVE_AFTER_MS = 300;
const CENSUS = 'census_short';
/** Whether this form has a model of its own. */
export const isBuiltIn = form => form.id === CENSUS && !form.version;

/** Loads what these forms of the survey's own need at a door (null: none), so that opening one later is quick. */
export const warmUp = async (forms, door) => (await import('./xform/index.js')).warmUp(forms, door);

/**
 * Opens a form in `root`; see `interview.js` for what is given and called back. Returns `{ close(), wentBack() }`: the page calls `wentBack`
 * at each `popstate` before it does anything itself, and does nothing where that returns true.
 */
export function mountForm(given) {
  const frame = new Frame(given);
  frame.start();
  return { close: () => frame.close(), wentBack: () => frame.wentBack() };
}

/** An opening that took so long is told the next time. */
const LONG_MS = 1000;
/** How long this form took to open the last time on this device, in milliseconds; 0 where that is not known. */
function openingTimes({ id }) {
  const key = `form-opening-ms:${id}`;
  const quietly = work => { try { return work(); } catch { return 0; } };
  return { read: () => quietly(() => Number(localStorage.getItem(key))), write: ms => quietly(() => localStorage.setItem(key, String(Math.round(ms)))) };
}

class Frame {
  constructor(given) {
    this.given = given;
    this.say = (key, places) => given.strings('phone.form.' + key, places);
    const { draft } = given;
    this.paused = draft?.paused_s ?? 0;
    if (draft?.saved_at) this.paused += Math.max(0, (Date.now() - draft.saved_at) / 1000);
  }

  async start() {
    const { form, door, draft, previous, language, strings, root } = this.given;
    addStyle();
    const given = { language: draft?.language ?? language, strings, previous };
    if (isBuiltIn(form)) { this.show(census.open(form, door, draft, given)); return; }
    const times = openingTimes(form), took = times.read();
    render(html`<p class="fm-wait" role="status">${took >= LONG_MS ? this.say('loading_took', { n: Math.round(took / 1000) }) : this.say('loading')}</p>`, root);
    const begun = performance.now();
    let model;
    try { model = await (await import('./xform/index.js')).open(form, door, draft, given); } catch (error) { this.refuse(error); return; }
    times.write(performance.now() - begun);
    this.show(model);
  }
  show(model) {
    const { root, strings, draft } = this.given;
    if (this.isClosed) { model.close(); return; }
    render(nothing, root);
    this.model = model;
    this.view = new View({
      root, model, strings, screen: draft?.screen, onScreen: () => this.changed(), onFinish: result => this.finish(result), onLeave: why => this.leave(why),
    });
    this.stopListening = model.on(() => this.changed());
    this.listeners = [[document, 'visibilitychange', () => this.hidden()], [globalThis, 'pagehide', () => this.save()]];
    for (const [target, name, run] of this.listeners) target.addEventListener(name, run, true);
    this.address = location.href;
    if (!history.state?.isForm) history.pushState({ isForm: true }, '');
  }
  /**
   * Back goes one screen; from the first it asks what leaving means. An entry of the history stands above the form for that. Returns whether
   * the form stays.
   */
  wentBack() {
    if (!this.view || location.href !== this.address || this.isFinished || this.isClosed) return false;
    history.pushState({ isForm: true }, '');
    if (!this.view.back()) this.view.askLeave();
    return true;
  }
  /** Says why a form cannot be opened. The draft, if there is one, stays. */
  refuse(error) {
    if (this.isClosed) return;
    const { root, form, language, onLeave } = this.given;
    const title = (language === 'zh' && form.title_zh) || form.title || form.id;
    const word = { 'no-engine': 'no_engine', 'not-here': 'not_here' }[error.code] ?? 'faulty';
    render(html`<div class="fm-wait"><p class="notice bad" role="alert" data-problem=${error.code ?? 'faulty'}>${this.say(word, { form: title })}</p>
      <button type="button" class="btn" data-act="keep" @click=${() => onLeave('keep')}>${this.say('leave')}</button></div>`, root);
  }

  changed() {
    this.isUnsaved = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }
  hidden() {
    if (document.visibilityState === 'hidden') { this.hiddenAt = Date.now(); this.save(); return; }
    if (this.hiddenAt) this.paused += (Date.now() - this.hiddenAt) / 1000;
    this.hiddenAt = null;
  }
  /** Stores the draft; one write at a time, the last state wins. */
  async save() {
    clearTimeout(this.timer);
    if (!this.isUnsaved || this.isFinished || this.isClosed) return;
    if (this.isSaving) { this.isAgain = true; return; }
    [this.isUnsaved, this.isSaving] = [false, true];
    try {
      await this.given.onDraft({ ...this.model.draft(), screen: this.view.key, language: this.model.language, saved_at: Date.now(), paused_s: Math.round(this.paused) });
      this.status(this.say('saved', { time: clock() }));
    } catch (error) { this.isUnsaved = true; this.status(this.say('not_stored', { why: error.message })); }
    this.isSaving = false;
    if (this.isAgain) { this.isAgain = false; this.isUnsaved = true; await this.save(); }
  }
  status(text) { if (this.view) { this.view.status = text; this.view.update(); } }

  async finish(result, more = {}) {
    await this.save();
    const record = { ...await this.model.finish(result), ...more, paused_s: Math.round(this.paused) };
    try {
      this.isFinished = true;
      await this.given.onFinish(record);
    } catch (error) {
      this.isFinished = false;
      this.view.trouble = this.say('not_stored', { why: error.message });
      this.view.goto('end');
    }
  }
  /** "They stopped" sends what there is. Else the draft is stored before the form goes, also one that is given up: that can be undone. */
  async leave(why) {
    if (why === 'stopped') { await this.finish('partial', { outcome: 'break_off' }); return; }
    this.isUnsaved = true;
    await this.save();
    this.isFinished = why === 'nothing';
    this.given.onLeave(why);
  }
  close() {
    if (this.isClosed) return;
    this.save();
    this.isClosed = true;
    clearTimeout(this.timer);
    this.stopListening?.();
    for (const [target, name, run] of this.listeners ?? []) target.removeEventListener(name, run, true);
    this.view?.close();
    this.model?.close();
    render(nothing, this.given.root);
  }
}

const clock = () => { const now = new Date(); return [now.getHours(), now.getMinutes()].map(n => String(n).padStart(2, '0')).join(':'); };

function addStyle() {
  const href = new URL('form.css', import.meta.url).href;
  if (![...document.styleSheets].some(s => s.href === href)) document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
}

/**
 * Asks whether the household answers one more form. `forms` are those still to do, the first is offered. Calls `onAnswer(answer, form)`
 * with `now`, `later` or `refused`.
 */
export function offerMore({ root, forms, language, strings, onAnswer }) {
  const [form] = forms;
  const say = (key, places) => strings('phone.form.' + key, places);
  addStyle();
  const title = (language === 'zh' && form.title_zh) || form.title || form.id;
  const button = answer => html`<button type="button" class="btn${answer === 'now' ? ' pri' : ''}" data-act=${answer} @click=${() => { render(nothing, root); onAnswer(answer, form); }}>${say(`more_${answer}`)}</button>`;
  render(html`<section class="fm-wait" data-screen="more" data-form=${form.id}><h2 tabindex="-1">${say('more_title', { form: title })}</h2>
    ${form.minutes ? html`<p class="mute">${say('more_minutes', { n: form.minutes })}</p>` : nothing}
    <div class="fm-ends">${['now', 'later', 'refused'].map(button)}</div></section>`, root);
  root.querySelector('h2').focus();
}
