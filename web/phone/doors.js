// Doors as pages show them: what the feed says, with what this phone recorded and the service does not know yet.

import { foreseen, look } from './outcome.js';
import { enrolment, model, survey } from './store.js';
import { label, language, named } from './words.js';

let seen = { version: -1 };

/** What this phone recorded, by case: `{ visits, waiting, refused }`; made once after each change. */
function recorded() {
  if (seen.version === model.version) return seen.all;
  const all = new Map(), aliases = model.meta.aliases ?? {};
  const of = id => {
    const key = aliases[id] ?? id;
    if (!all.has(key)) all.set(key, { visits: [], waiting: 0, refused: 0 });
    return all.get(key);
  };
  for (const { record, case_id: id, status } of model.outbox) {
    if (!id && record.type !== 'dwelling') continue;
    const mine = of(id ?? record.id);
    if (status === 'refused') { mine.refused += 1; continue; }
    mine.waiting += 1;
    if (record.type === 'visit') mine.visits.push({ ...record, is_waiting: true });
  }
  for (const row of model.sent) if (row.copy?.type === 'visit') of(row.case_id).visits.push(row.copy);
  seen = { version: model.version, all };
  return all;
}

const NONE = { visits: [], waiting: 0, refused: 0 };
/** What this phone recorded at a door. */
export const own = id => recorded().get(id) ?? NONE;

/** The person that carries this phone. */
export const me = () => enrolment()?.enumerator ?? '';
const isMe = user => user && user.toLowerCase() === me().toLowerCase();

/** The name of a person as colleagues know it. */
export const nameOf = user => (user === 'self' ? label('completed_by', 'self_response') : [...model.things.person.values()].find(p => p.user === user)?.name ?? user);

/** Every visit known here, the latest first: `{ id, at, outcome, by?, note?, channel, informant, is_own, is_waiting }`. */
export function visitsOf(id) {
  const mine = own(id).visits.map(visit => ({ ...visit, is_own: true }));
  const ids = new Set(mine.map(visit => visit.id));
  const { history = [], last } = model.things.case.get(id) ?? {};
  const others = history.filter(visit => !ids.has(visit.id)).map(visit => ({ ...visit, is_own: isMe(visit.by) }));
  const all = [...mine, ...others];
  // Without a history the feed still tells the last visit.
  if (last && !all.some(visit => Date.parse(visit.at) >= Date.parse(last.at))) all.push(last);
  return all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** The place of a door in words: `{ place, building, unit, room, floor }`. */
export function placeOf(row) {
  const dwelling = model.things.dwelling.get(row.dwelling_id) ?? {};
  const { building = '', unit = '', room = '', floor = null, area = row.area } = dwelling;
  const number = [building, unit, room].filter(Boolean).join('-');
  const written = row.address?.endsWith(number) ? row.address.slice(0, -number.length).trim() : '';
  return { place: named(dwelling.area_name_zh, dwelling.area_name) || written || dwelling.building_name || '', building, unit, room, floor, area, number };
}

const made = new Map();

/** One door, or undefined where this phone does not hold it. The same object until something about the door changes. */
export function door(id) {
  const row = model.things.case.get(model.meta.aliases?.[id] ?? id);
  if (!row) return undefined;
  const mine = own(row.id), dwelling = model.things.dwelling.get(row.dwelling_id), known = made.get(row.id);
  if (known?.row === row && known.mine === mine && known.dwelling === dwelling && known.language === language) return known.door;
  const fresh = { row, mine, dwelling, language, door: make(row, mine) };
  made.set(row.id, fresh);
  return fresh.door;
}

function make(row, mine) {
  const fresh = mine.visits.filter(v => v.is_waiting).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const state = foreseen(row.state, fresh);
  const [lastVisit] = visitsOf(row.id);
  const promised = fresh.at(-1)?.outcome === 'appointment_made' ? fresh.at(-1).appointment : undefined;
  const appointment = promised ?? (state === 'appointment' ? row.appointment : null);
  return {
    id: row.id, row, ...placeOf(row), household: row.household ?? 1, state, look: look(state), last: lastVisit, appointment,
    waiting: mine.waiting, refused: mine.refused, visits: (row.visits ?? 0) + fresh.length,
    holder: row.holder && !isMe(row.holder) ? row.holder : null,
    completed: row.completed && !isMe(row.completed.by) ? row.completed : null,
  };
}

/** How a door is called in a sentence: `6-2-1103`, with the household where there are several. */
export const called = d => (d.household > 1 ? `${d.number}#${d.household}` : d.number);

/** All doors that this phone holds. */
export const doors = () => [...model.things.case.keys()].map(door);

/** A door as forms take it; see `interview.js`. */
export function doorForForm(id) {
  const d = door(id), { id: slug, reference_at, time_zone, district } = survey();
  const { place, building, unit, room, floor, area } = placeOf(d.row);
  const dwelling = model.things.dwelling.get(d.row.dwelling_id) ?? {};
  return {
    case_id: d.id, area, area_name: dwelling.area_name ?? '', building, building_name: dwelling.building_name ?? place, unit, floor, room, address: d.row.address,
    household: d.household, state: d.state, survey: { id: slug, reference_at, time_zone, district },
  };
}
