// Doors that this phone found itself: shown at once under the id of their record, until the feed brings them.

import { addRecords } from './outbox.js';
import { mirrorThing, model, write, zone } from './store.js';
import { stamp } from './clock.js';
import { uuid } from './uuid.js';

/** The door's key as the service compares it: full-width signs are as narrow ones, capitals as small letters. */
export const keyOf = door => [door.area, door.building, door.unit, door.room]
  .map(part => String(part ?? '').normalize('NFKC').trim().toUpperCase()).join('|');

/** The door known under that address, or undefined. */
export const known = door => [...model.things.dwelling.values()].find(d => keyOf(d) === keyOf(door));

/** Stores the record of a found door, and the door itself so that it can be visited now. Returns its case id. */
export async function addDoor(door, { rest, replaces } = {}) {
  const id = uuid();
  const record = { type: 'dwelling', id, at: stamp(Date.now(), zone()), ...door };
  const [n] = await addRecords([record], { rest, replaces });
  const dwelling = { id: `here-${id}`, is_local: true, ...door };
  const visible = { id, case_id: id, dwelling_id: dwelling.id, area: door.area, household: door.household ?? 1, state: 'new', visits: 0,
    unmet: [], last: null, appointment: null, holder: null, is_local: true, address: [door.building, door.unit, door.room].filter(Boolean).join('-') };
  await write(['things'], async tx => {
    await tx.store.put({ kind: 'dwelling', id: dwelling.id, gen: 0, data: dwelling });
    await tx.store.put({ kind: 'case', id, gen: 0, data: visible });
  });
  mirrorThing('dwelling', dwelling.id, dwelling);
  mirrorThing('case', id, visible);
  return { n, id };
}

/** Removes a door that was found here and taken back. */
export async function removeDoor(id) {
  const found = model.things.case.get(id);
  if (!found?.is_local) return;
  await write(['things'], async tx => {
    await tx.store.delete(['dwelling', found.dwelling_id]);
    await tx.store.delete(['case', id]);
  });
  mirrorThing('dwelling', found.dwelling_id, undefined);
  mirrorThing('case', id, undefined);
}

/** Things of doors found here that a page of the feed brings in their own right: `{ kind, id, alias? }`. */
export function foundHere(changes) {
  const local = [...model.things.case.values()].filter(c => c.is_local);
  if (local.length === 0) return [];
  const doors = new Map([...model.things.dwelling.values()].map(d => [d.id, d]));
  for (const { kind, op, data } of changes) if (kind === 'dwelling' && op === 'put') doors.set(data.id, data);
  const gone = [];
  for (const { kind, op, data } of changes) {
    if (kind !== 'case' || op !== 'put' || !doors.has(data.dwelling_id)) continue;
    const twin = local.find(c => c.household === (data.household ?? 1) && keyOf(doors.get(c.dwelling_id) ?? {}) === keyOf(doors.get(data.dwelling_id)));
    if (twin) gone.push({ kind: 'case', id: twin.id, alias: data.id }, { kind: 'dwelling', id: twin.dwelling_id });
  }
  return gone;
}
