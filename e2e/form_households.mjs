// Invented households and how a form model is filled in with one. Nobody in them exists: numbers carry the area code 419999, which
// is assigned to no place, telephone numbers begin with 10.

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const two = n => String(n).padStart(2, '0');
function numberOf({ y, m, d }, sex, serial) {
  const body = `419999${y}${two(m)}${two(d)}${two(serial % 100)}${sex === 'm' ? 1 : 2}`;
  return body + '10X98765432'[WEIGHTS.reduce((s, w, i) => s + w * Number(body[i]), 0) % 11];
}

/** The household of a seed: answers under the names of the record, codes as texts; what is not asked is absent. */
export function household(seed) {
  const next = dice(seed);
  const below = n => Math.floor(next() * n);
  const pick = list => list[below(list.length)];
  const maybe = (chance, value) => (next() < chance ? value : undefined);
  const isFamily = next() < 0.9;
  const persons = Array.from({ length: 1 + below(6) }, (_, i) => person({ next, below, pick, maybe, isFamily, i, seed }));
  const kind = pick(['1', '1', '1', '1', '2', '3', '4', '5']);
  return {
    respondent: pick(['member', 'member', 'relative', 'neighbour', 'manager']), household_type: isFamily ? 'family' : 'collective',
    n_stayed: persons.filter(p => p.stayed_here === 'yes').length, n_registered_absent: persons.filter(p => p.stayed_here === 'no').length,
    births_m: below(2), births_f: below(2), deaths_m: below(2), deaths_f: 0, dwelling_kind: kind,
    ...(kind === '1' ? { floor_area_m2: 30 + below(200) / 2, rooms: 1 + below(6), tenure: pick(['own', 'rent']) } : {}),
    phone: maybe(0.8, `10${String(below(1e9)).padStart(9, '0')}`), address_text: maybe(0.5, `${1 + below(40)}号楼2-301`), persons,
  };
}

function person({ next, below, pick, maybe, isFamily, i, seed }) {
  const birth = { y: 1930 + below(90), m: 1 + below(12), d: 1 + below(28) };
  if (birth.y === 2020 && birth.m > 10) birth.m = 10;
  const sex = pick(['m', 'f']);
  const isHere = next() < 0.75;
  const registered_at = isHere ? pick(['1', '1', '2', '3', '4', '5']) : '1';
  const stayed_at = isHere ? '1' : pick(['2', '3', '4', '5', '6']);
  const isNear = isHere ? ['1', '2'].includes(registered_at) : ['2', '3'].includes(stayed_at);
  const time_away = registered_at === '5' ? undefined : isNear ? '1' : String(2 + below(8));
  const months = 2020 * 12 + 11 - (birth.y * 12 + birth.m);
  const relation = pick(['spouse', 'child', 'parent', 'parent_in_law', 'grandparent', 'child_in_law', 'grandchild', 'sibling', 'other']);
  return {
    name: `${pick([...'赵钱孙李周吴郑王'])}${pick(['伟', '芳', '娜', '秀英', '敏', '静'])}`, sex, birth,
    relationship: isFamily ? (i === 0 ? 'head' : relation) : 'other',
    citizen_id: maybe(0.8, numberOf(birth, sex, seed * 7 + i)), ethnicity: maybe(0.7, pick(['01', '01', '03', '11'])),
    stayed_here: isHere ? 'yes' : 'no', stayed_at, registered_at, time_away,
    other_address: maybe(0.5, stayed_at > '1' || ['2', '3', '4'].includes(registered_at) ? '外地某路 8 号' : undefined),
    reason_away: time_away > '1' ? maybe(0.8, pick(['work', 'study', 'marriage', 'other'])) : undefined,
    education: months > 36 ? pick(['1', '3', '4', '5', '7']) : undefined, literate: months > 180 ? pick(['1', '2']) : undefined,
  };
}

/** The node of a path among those that are relevant now; undefined where there is none. */
export function find(node, path) {
  if (node.path === path) return node;
  for (const child of node.children) {
    const found = child.relevant ? find(child, path) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** Answers a question, if the form asks it and the answer does not follow by itself. */
function answer(model, path, value) {
  if (value === undefined) return;
  const node = find(model.root, path);
  if (node && !node.readonly) node.set(value);
}

const INTERVIEW = ['respondent', 'address_text'];
const ORDER = ['name', 'relationship', 'sex', 'birth', 'citizen_id', 'ethnicity', 'stayed_here', 'stayed_at', 'registered_at', 'other_address', 'time_away', 'reason_away', 'education', 'literate'];

/** Fills in the short form's own model. */
export function fillCensus(model, home) {
  const { persons, n_stayed, n_registered_absent, ...rest } = home;
  for (const [name, value] of Object.entries(rest)) answer(model, `${INTERVIEW.includes(name) ? 'interview' : 'household'}.${name}`, value);
  persons.forEach((p, i) => {
    find(model.root, 'person').add(p.stayed_here === 'yes' ? 'here' : 'away');
    for (const name of ORDER) answer(model, `person.${i + 1}.${name}`, p[name]);
  });
  answer(model, 'interview.listed', true);
}

/** Fills in the short form as an XForm. */
export function fillXForm(model, home) {
  const { persons, ...rest } = home;
  for (const [name, value] of Object.entries(rest)) answer(model, `/data/${name}`, value);
  persons.forEach((p, i) => { for (const name of ORDER) answer(model, `/data/person[${i + 1}]/${name}`, p[name]); });
}
