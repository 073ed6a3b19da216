// The one renderer: shows a form model (`index.js` says what that is) screen by screen. Keeps where the reader is and what was
// left already; answers are with the model alone.
import { html, nothing, render } from '../lit.js';
import { isBlank } from './value.js';
import { idOf, question } from './fields.js';
import { screensOf, screenWith } from './screens.js';

/** After a change of screen its buttons are dead for so long, so that a second, impatient tap skips nothing. */
const STANDS_MS = 200;
/** A tap's click comes at the latest so long after the finger was lifted; no finger holds up the drawing for longer than a press. */
const TAP_MS = 350, PRESS_MS = 2000;
const END = 'end';

/**
 * `model` is shown in `root`. `screen` is the key of the screen to begin with, `strings(key, places)` gives words. Events:
 * `onScreen(key)`, `onFinish(result)` with `complete` or `partial`, `onLeave(why)` with `keep`, `stopped` or `nothing`.
 */
export class View {
  constructor({ root, model, strings, screen, onScreen, onFinish, onLeave }) {
    Object.assign(this, { root, model, strings, onScreen, onFinish, onLeave });
    Object.assign(this, { touched: new Set(), state: new Map(), dialog: null, status: '', isWaiting: false, isComposing: false, isBusy: false });
    this.key = screen ?? null;
    this.stopListening = model.on(() => { this.found = null; this.update(); });
    const composing = on => () => { this.isComposing = on; if (!on) this.update(); };
    const released = () => { clearTimeout(this.release); this.isPressed = false; this.update(); };
    const later = ms => () => { clearTimeout(this.release); this.release = setTimeout(released, ms); };
    const pressed = e => { this.isPressed = e.target.type !== 'range'; later(PRESS_MS)(); };
    this.listeners = [
      ['compositionstart', composing(true)], ['compositionend', composing(false)],
      ['pointerdown', pressed], ['pointerup', later(TAP_MS)], ['pointercancel', later(TAP_MS)], ['click', later(0)],
    ];
    for (const [name, run] of this.listeners) root.addEventListener(name, run);
    this.draw();
  }
  close() {
    this.isClosed = true;
    this.stopListening();
    clearTimeout(this.standing);
    clearTimeout(this.release);
    for (const ui of this.state.values()) ui.search?.stop?.();
    for (const [name, run] of this.listeners) this.root.removeEventListener(name, run);
    render(nothing, this.root);
  }

  // ---- what the fields ask for
  say(key, places) { return this.strings('phone.form.' + key, places); }
  ui(path) { if (!this.state.has(path)) this.state.set(path, {}); return this.state.get(path); }
  touch(path) { this.touched.add(path); this.update(); }
  /** The problem to show at a question: none before the question was left, open items only at the end. */
  problem(node) {
    const problem = node.kind === 'repeat' ? this.problems.find(p => p.path === node.path) : node.problem;
    if (!problem) return null;
    return this.isAll || (this.touched.has(node.path) && problem.code !== 'left_open') ? problem : null;
  }
  get problems() { return (this.found ??= this.model.problems()); }
  get open() { return this.problems.filter(p => p.grave); }
  openWithin(item) { return this.open.filter(p => p.path.startsWith(`${item.path}.`) || p.path.startsWith(`${item.path}/`)).length; }
  add(node, value) {
    node.add(value);
    const item = node.children.at(-1);
    const first = item?.children.find(q => q.appearance.split(' ').includes('listed'));
    if (first) this.focus(first.path); else if (item) this.goto(item.path);
  }
  remove(item) {
    if (item.isEmpty ?? item.children.every(q => isBlank(q.value))) { item.remove(); return; }
    this.ask(this.say('remove_ask', { name: item.label }), this.say('remove'), () => item.remove());
  }
  ask(text, yes, run) { this.open_({ kind: 'ask', text, yes, run }); }

  // ---- where the reader is
  get screens() { return [...screensOf(this.model.root), { key: END, title: this.say('screen_end'), nodes: [] }]; }
  place(screens) { return Math.max(0, this.key === null ? 0 : screenWith(screens, this.key)); }
  goto(key) {
    const screens = this.screens;
    for (const node of screens[this.place(screens)].nodes) this.touched.add(node.path);
    this.key = key === END ? END : screens[Math.max(0, screenWith(screens, key))].key;
    this.dialog = null;
    this.stand();
    this.draw();
    scrollTo(0, 0);
    this.root.querySelector('.fm-title')?.focus({ preventScroll: true });
    this.onScreen?.(this.key);
  }
  step(by) { const screens = this.screens; this.goto(screens[this.place(screens) + by].key); }
  /** Whether there was a screen before this one to go back to. */
  back() {
    const sheet = this.root.querySelector('dialog.fm-sheet[open]');
    if (sheet) { sheet.close(); return true; }
    if (this.dialog) { this.dialog = null; this.draw(); return true; }
    if (this.place(this.screens) === 0) return false;
    this.step(-1);
    return true;
  }
  stand() {
    this.isWaiting = true;
    clearTimeout(this.standing);
    this.standing = setTimeout(() => { this.isWaiting = false; this.update(); }, STANDS_MS);
  }
  /** Goes to the question of a problem. */
  jump(path) { this.goto(path); this.focus(path); }
  focus(path) {
    this.draw();
    const field = this.root.querySelector(`[data-path="${CSS.escape(path)}"]`);
    field?.querySelector('input, textarea, button')?.focus();
    field?.scrollIntoView({ block: 'center' });
  }
  open_(dialog) { this.dialog = dialog; this.draw(); }

  // ---- finishing and leaving
  async finish(result) {
    this.isAll = true;
    if (result === 'complete' && this.open.length) { this.draw(); this.root.querySelector('.fm-open')?.focus(); return; }
    if (this.isBusy) return;
    this.isBusy = true;
    this.draw();
    try { await this.onFinish(result); } finally { this.isBusy = false; if (!this.isClosed) this.draw(); }
  }
  askLeave() { this.open_({ kind: 'leave' }); }
  leave(why) { this.dialog = null; this.draw(); this.onLeave(why); }

  // ---- drawing
  /**
   * Draws soon; several changes are drawn at once. Never under an input method at work, nor under a finger: a problem that appears
   * when a field is left would move the button that is being tapped.
   */
  update() {
    if (this.isDue || this.isClosed) return;
    this.isDue = true;
    queueMicrotask(() => { this.isDue = false; if (!this.isClosed && !this.isComposing && !this.isPressed) this.draw(); });
  }
  draw() {
    const screens = this.screens;
    const at = this.place(screens);
    const screen = screens[at];
    this.key = screen.key;
    if (this.model.loss) this.askModel();
    render(html`<form class="fm" novalidate autocomplete="off" @submit=${e => e.preventDefault()}>
      ${this.head(screens, at)}
      <section class="fm-screen" data-screen=${screen.key} aria-labelledby="fm-title"><h2 class="fm-title" id="fm-title" tabindex="-1">${screen.title}</h2>
        ${screen.key === END ? this.end() : screen.nodes.map(node => question(node, this))}</section>
      ${this.foot(screens, at)}</form>${this.window(screens, at)}`, this.root);
    const dialog = this.root.querySelector('dialog.fm-window');
    if (this.dialog && !dialog.open) dialog.showModal();
    if (!this.dialog && dialog.open) dialog.close();
  }
  head(screens, at) {
    const places = { n: at + 1, all: screens.length, open: this.open.length };
    return html`<div class="fm-head"><button type="button" class="btn" data-act="leave" @click=${() => this.askLeave()}>${this.say('leave')}</button>
      <button type="button" class="btn fm-where" data-act="screens" aria-haspopup="dialog" @click=${() => this.open_({ kind: 'screens' })}>${this.say(places.open ? 'screen_of' : 'screen_of_done', places)}</button>
      ${this.languages()}<span class="fm-status mute small" role="status">${this.status}</span></div>`;
  }
  languages() {
    const { languages, language } = this.model;
    if (languages.length < 2) return nothing;
    return html`<select class="fm-language" aria-label=${this.say('language')} @change=${e => { this.model.setLanguage(e.target.value); }}>
      ${languages.map(l => html`<option value=${l} ?selected=${l === language}>${l}</option>`)}</select>`;
  }
  foot(screens, at) {
    const isDead = this.isWaiting || this.isBusy;
    const button = (act, by, is) => html`<button type="button" class="btn${act === 'next' ? ' pri' : ''}" data-act=${act} ?disabled=${isDead || !is} @click=${() => this.step(by)}>${this.say(act)}</button>`;
    return html`<div class="fm-foot">${button('back', -1, at > 0)}${at < screens.length - 1 ? button('next', 1, true) : nothing}</div>`;
  }
  end() {
    const doubts = this.problems.filter(p => !p.grave);
    const isDead = this.isWaiting || this.isBusy;
    return html`${this.open.length ? html`<div class="notice bad fm-open" tabindex="-1"><p>${this.say('to_mend')}</p>${this.list(this.open)}</div>` : html`<p>${this.say('ready')}</p>`}
      ${doubts.length ? html`<div class="notice warn"><p>${this.say('to_check')}</p>${this.list(doubts)}</div>` : nothing}
      ${this.trouble ? html`<p class="fm-problem" role="alert">${this.trouble}</p>` : nothing}
      <div class="fm-ends"><button type="button" class="btn pri" data-act="finish" ?disabled=${isDead} @click=${() => this.finish('complete')}>${this.say('finish')}</button>
      <button type="button" class="btn" data-act="partial" ?disabled=${isDead} @click=${() => this.finish('partial')}>${this.say('finish_partial')}</button>
      <p class="mute small">${this.say('partial_hint')}</p></div>`;
  }
  list(problems) {
    return html`<ul class="fm-list">${problems.map(p => html`<li><button type="button" class="fm-link" data-act="jump" data-to=${p.path} @click=${() => this.jump(p.path)}>${[p.where, p.label].filter(Boolean).join(' · ')}</button> ${p.text}</li>`)}</ul>`;
  }

  // ---- windows
  window(screens, at) {
    const { dialog } = this;
    const bodies = { screens: () => this.allScreens(screens, at), leave: () => this.leaving(), ask: () => this.asking() };
    return html`<dialog class="fm-window" aria-labelledby="fm-w" @close=${e => { if (this.dialog && !e.target.open) { this.dialog.no?.(); this.dialog = null; this.update(); } }}>${dialog ? bodies[dialog.kind]() : nothing}</dialog>`;
  }
  allScreens(screens, at) {
    const openOn = s => this.open.filter(p => s.nodes.some(n => n.path === p.path)).length;
    return html`<h2 id="fm-w">${this.say('screens')}</h2><ol class="fm-screens">${screens.map((s, i) => html`<li><button type="button" class="btn" data-to=${s.key} aria-current=${i === at ? 'step' : nothing}
        @click=${() => this.goto(s.key)}>${s.title || i + 1}<span class="mute small">${s.key === END ? '' : openOn(s) ? this.say('open_here', { n: openOn(s) }) : '✓'}</span></button></li>`)}</ol>
      <button type="button" class="btn" data-act="close" @click=${() => { this.open_(null); }}>${this.say('close')}</button>`;
  }
  leaving() {
    const choice = (act, why, word) => html`<button type="button" class="btn${act === 'keep' ? ' pri' : ''}" data-act=${act} @click=${() => this.leave(why)}>${this.say(word)}</button>`;
    return html`<h2 id="fm-w">${this.say('leave_title')}</h2><div class="fm-ends">${choice('keep', 'keep', 'leave_keep')}${choice('stopped', 'stopped', 'leave_stopped')}${choice('nothing', 'nothing', 'leave_nothing')}
      <button type="button" class="btn" data-act="cancel" @click=${() => { this.open_(null); }}>${this.say('leave_stay')}</button></div>`;
  }
  asking() {
    const { text, yes, run, no } = this.dialog;
    const end = work => () => { this.dialog = null; work?.(); this.update(); };
    return html`<p id="fm-w">${text}</p><div class="fm-ends"><button type="button" class="btn pri" data-act="yes" @click=${end(run)}>${yes}</button>
      <button type="button" class="btn" data-act="cancel" @click=${end(no)}>${this.say('cancel')}</button></div>`;
  }
  /** A question of the model itself: whether rows with answers may go. */
  askModel() {
    const { names, run, no } = this.model.loss;
    this.model.loss = null;
    this.dialog = { kind: 'ask', text: this.say('shrink_ask', { names: names.join(', ') }), yes: this.say('remove'), run, no };
  }
}

export { idOf };
