// The order of Today: the published sheet, else the plan, else building, unit, top floor down, room.

const collator = new Intl.Collator('en', { numeric: true });

/** By place: building, unit, top floor down, room. */
export function byPlace(a, b) {
  return collator.compare(a.area ?? '', b.area ?? '') || collator.compare(a.building, b.building) || collator.compare(a.unit ?? '', b.unit ?? '')
    || (b.floor ?? 0) - (a.floor ?? 0) || collator.compare(a.room, b.room) || a.household - b.household;
}

/** Doors of the stops first, in their order, then the others by place. */
export function inOrder(doors, stops) {
  const rank = new Map(stops.map((stop, i) => [stop.case_id, stop.seq ?? i]));
  const place = d => rank.get(d.id) ?? Infinity;
  return [...doors].sort((a, b) => (place(a) === place(b) ? byPlace(a, b) : place(a) - place(b)));
}

/** Runs of doors that stand together in one stairway: `[{ key, first, doors }]`. */
export function stairs(doors) {
  const all = [];
  for (const d of doors) {
    const key = `${d.area}|${d.building}|${d.unit}`;
    if (all.at(-1)?.key !== key) all.push({ key, first: d, doors: [] });
    all.at(-1).doors.push(d);
  }
  return all;
}
