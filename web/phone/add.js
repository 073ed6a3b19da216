// Add a door: one that is not on the list, or a further household behind one that is. Warns where the door exists.

import { html, nothing } from './lit.js';
import { called, door, doors } from './doors.js';
import { draw } from './draw.js';
import { go } from './frame.js';
import { showBar } from './bar.js';
import { addDoor, known, removeDoor } from './found.js';
import { REST, takeBack } from './outbox.js';
import { enrolment, model } from './store.js';
import { named, t } from './words.js';

const FIELDS = ['building', 'unit', 'floor', 'room'];
const view = { values: {}, fault: null, at: null };

/** Called when the page is opened: `of` is a listed door with a further household, `correct` a refused entry's number. */
export function enterAdd({ of, correct }) {
  const entry = correct && model.outbox.find(e => e.n === Number(correct));
  const d = of && door(of);
  view.of = d ?? null;
  view.replaces = entry?.n;
  view.fault = null;
  const last = [...doors()].find(x => x.area) ?? {};
  view.values = entry ? { ...entry.record } : d ? { area: d.area, building: d.building, unit: d.unit, floor: d.floor, room: d.room } : { area: last.area ?? enrolment()?.area };
}

const areas = () => {
  const all = new Map();
  for (const dwelling of model.things.dwelling.values()) all.set(dwelling.area, named(dwelling.area_name_zh, dwelling.area_name) || dwelling.area);
  if (all.size === 0 && enrolment()?.area) all.set(enrolment().area, enrolment().area);
  return [...all];
};

function households() {
  const same = doors().filter(d => d.area === view.of.area && d.number === view.of.number);
  return Math.max(...same.map(d => d.household)) + 1;
}

async function submit(event) {
  event.preventDefault();
  const form = event.target.elements;
  const typed = name => form[name].value.normalize('NFKC').trim();
  const value = { area: form.area.value, building: typed('building'), unit: typed('unit'), room: typed('room'), kind: 'residential' };
  if (typed('floor') !== '') value.floor = Number(typed('floor'));
  view.values = value;
  if (view.of) value.household = households();
  const twin = known(value);
  if (twin && !view.of) { view.fault = 'exists'; view.twin = twin; draw(); return; }
  try {
    const { n, id } = await addDoor(value, { rest: REST, replaces: view.replaces });
    go(`/phone/case/${id}`);
    showBar({ words: t('phone.added', { door: [value.building, value.unit, value.room].filter(Boolean).join('-') }), undo: async () => {
      const isDone = await takeBack(n);
      if (isDone) { await removeDoor(id); go('/phone/add', { replace: true }); }
      return isDone;
    } });
  } catch {
    view.fault = 'not_stored';
    draw();
  }
}

function trouble() {
  if (view.fault === 'not_stored') return html`<p class="notice bad" role="alert">${t('phone.not_stored')}</p>`;
  const twin = [...model.things.case.values()].find(c => c.dwelling_id === view.twin.id);
  return html`<div class="notice warn" role="alert" data-exists><p>${t('phone.exists')}</p>${twin ? html`<div class="row"><a class="btn" href=${`/phone/case/${twin.id}`}>${t('phone.door_page')}</a>
    <a class="btn" href=${`/phone/add?of=${twin.id}`}>${t('phone.second_household')}</a></div>` : nothing}</div>`;
}

/** The page. */
export function add() {
  const { values } = view, isFixed = Boolean(view.of);
  return {
    title: t(isFixed ? 'phone.second_household' : 'phone.add'), back: isFixed ? `/phone/case/${view.of.id}` : undefined,
    body: html`<section class="sec"><form class="fields roomy-fields" @submit=${submit}>
      ${isFixed ? html`<p>${t('phone.second_text', { door: called(view.of) })}</p>` : html`<p>${t('phone.add_text')}</p>`}
      <label for="a-area">${t('phone.area')}</label><select id="a-area" name="area" ?disabled=${isFixed}>${areas().map(([code, name]) => html`<option value=${code} ?selected=${code === values.area}>${name}</option>`)}</select>
      ${FIELDS.map(name => html`<label for="a-${name}">${t(`phone.field.${name}`)}</label><input id="a-${name}" name=${name} type="text" autocomplete="off" maxlength="200"
        inputmode=${name === 'floor' ? 'numeric' : 'text'} pattern=${name === 'floor' ? '-?[0-9０-９]{1,3}' : nothing} ?required=${['building', 'room'].includes(name)} ?readonly=${isFixed} .value=${values[name] ?? ''}>`)}
      ${view.fault ? trouble() : nothing}
      <button class="btn pri big" data-act="add">${t('phone.add_button')}</button></form></section>`,
  };
}
