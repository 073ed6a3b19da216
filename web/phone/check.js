// Checks: doors that were drawn to be asked again by somebody else. What is asked is here; nothing of the first answers is.

import { html, nothing } from './lit.js';
import { stamp } from './clock.js';
import { draw } from './draw.js';
import { addRecords } from './outbox.js';
import { locate } from './position.js';
import { model, zone } from './store.js';
import { uuid } from './uuid.js';
import { has, label, t } from './words.js';

const RESULTS = ['done', 'not_reached', 'refused', 'not_found'], VISITED = ['yes', 'no', 'unsure'];
/** How many people are written down at each check, and its fault. */
const open = new Map();
const stateOf = id => { if (!open.has(id)) open.set(id, { people: 1, fault: null, fix: null }); return open.get(id); };

const isDone = check => [...model.outbox.map(e => e.record), ...model.sent.map(row => row.own)].some(r => r?.backcheck_id === check.id);

/** What is asked, by where it goes: items of the household, the list of people, other answers. */
function asked({ ask = [] }) {
  const names = Array.isArray(ask) ? ask : Object.keys(ask);
  const household = names.filter(name => name.startsWith('household.')).map(name => name.slice(10));
  return { household, persons: names.some(name => /^persons?(\.|$)/.test(name)), answers: names.filter(name => !/^(household\.|persons?(\.|$))/.test(name)) };
}

const number = text => { const plain = text.normalize('NFKC').trim(); return plain !== '' && Number.isFinite(Number(plain)) ? Number(plain) : plain; };
const filled = (data, head, names, read) => Object.fromEntries(names.map(name => [name, data.get(`${head}.${name}`) ?? '']).filter(([, text]) => text.trim() !== '').map(([name, text]) => [name, read(text)]));

function people(data, n) {
  return Array.from({ length: n }, (_, i) => ({
    person_no: i + 1, name: (data.get(`name.${i}`) ?? '').trim(), sex: data.get(`sex.${i}`), stayed_here: data.get(`stayed.${i}`) === 'yes',
    birth: { y: number(data.get(`y.${i}`) ?? '') || null, m: number(data.get(`m.${i}`) ?? '') || null, d: null },
  })).filter(person => person.name);
}

async function send(check, event) {
  event.preventDefault();
  const data = new FormData(event.target), { household, persons, answers } = asked(check), state = stateOf(check.id);
  const record = {
    type: 'backcheck', id: uuid(), backcheck_id: check.id, case_id: check.case_id, at: stamp(state.began ?? Date.now(), zone()), ended_at: stamp(Date.now(), zone()),
    result: data.get('result'), ...(data.get('informant') ? { informant: data.get('informant') } : {}), ...(data.get('was_visited') ? { was_visited: data.get('was_visited') } : {}),
    ...(data.get('visited_about') ? { visited_about: data.get('visited_about') } : {}), household: filled(data, 'household', household, number), answers: filled(data, 'answers', answers, text => text.trim()),
    ...(persons ? { persons: people(data, state.people) } : {}),
  };
  const position = await Promise.race([state.fix ?? null, null]);
  try {
    await addRecords([position ? { ...record, position } : record]);
  } catch {
    state.fault = t('phone.not_stored');
    draw();
  }
}

/** The check begins with the first answer. */
function begin(check) {
  const state = stateOf(check.id);
  state.began ??= Date.now();
  state.fix ??= locate();
}

const choices = (name, values, head, isNeeded) => html`<fieldset><legend>${t(`phone.check.${name}`)}</legend>${values.map(value => html`<label class="pick"><input type="radio" name=${name} value=${value} ?required=${isNeeded}> ${head(value)}</label>`)}</fieldset>`;

function person(i) {
  return html`<fieldset><legend>${t('phone.check.person', { n: i + 1 })}</legend><label>${t('phone.check.name')} <input type="text" name=${`name.${i}`} autocomplete="off"></label>
    <label>${t('phone.check.sex')} <select name=${`sex.${i}`}>${['m', 'f'].map(sex => html`<option value=${sex}>${label('sex', sex)}</option>`)}</select></label>
    <label>${t('phone.check.year')} <input type="text" inputmode="numeric" name=${`y.${i}`} maxlength="4"></label><label>${t('phone.check.month')} <input type="text" inputmode="numeric" name=${`m.${i}`} maxlength="2"></label>
    <label class="pick"><input type="checkbox" name=${`stayed.${i}`} value="yes" checked> ${t('phone.check.stayed')}</label></fieldset>`;
}

const item = (head, name) => html`<label>${has(`phone.form.${name}`) ? t(`phone.form.${name}`) : name} <input type="text" name=${`${head}.${name}`} autocomplete="off"></label>`;

function one(check) {
  const { household, persons, answers } = asked(check), state = stateOf(check.id);
  return html`<section class="sec" data-check=${check.id} data-case=${check.case_id}><h2>${check.address ?? [check.building, check.unit, check.room].filter(Boolean).join('-')}</h2>
    ${isDone(check) ? html`<p>${t('phone.check.recorded')}</p>` : html`<form class="fields roomy-fields" @input=${() => begin(check)} @submit=${event => send(check, event)}>
    ${choices('result', RESULTS, value => t(`phone.check.result_${value}`), true)}${choices('was_visited', VISITED, value => t(`phone.check.visited_${value}`))}
    <label>${t('phone.check.visited_about')} <input type="date" name="visited_about"></label>
    <label>${t('phone.check.informant')} <select name="informant"><option value=""></option>${['head', 'member', 'neighbour', 'manager', 'relative'].map(who => html`<option value=${who}>${label('respondent', who)}</option>`)}</select></label>
    ${household.map(name => item('household', name))}${answers.map(name => item('answers', name))}
    ${persons ? html`${Array.from({ length: state.people }, (_, i) => person(i))}<button type="button" class="btn" data-act="add" @click=${() => { state.people += 1; draw(); }}>${t('phone.check.add')}</button>` : nothing}
    ${state.fault ? html`<p class="notice bad" role="alert">${state.fault}</p>` : nothing}
    <button class="btn pri big" data-act="finish">${t('phone.check.store')}</button></form>`}</section>`;
}

/** The page. */
export function checks() {
  const all = [...model.things.backcheck.values()];
  return { title: t('phone.checks'), back: '/phone/', body: html`${all.map(one)}${all.length ? nothing : html`<p class="empty">${t('phone.none')}</p>`}` };
}
