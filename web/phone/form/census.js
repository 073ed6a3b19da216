// The short form of the census (R601) as a form model: its questions, what follows from what, its checks, its record.
// Knows no page; words come through `strings`. The same interface as `xform.js`, described in `index.js`.
import { earliest, isBlank, isDate, moved, plain, readCitizenId, readDate, readNumber, written } from './value.js';

const PROXIES = ['neighbour', 'manager', 'relative'];
const REASONS = ['work', 'study', 'kin', 'moving', 'registration', 'marriage', 'grandchildren', 'schooling', 'old_age', 'other'];
const RELATIONS = ['spouse', 'child', 'parent', 'parent_in_law', 'grandparent', 'child_in_law', 'grandchild', 'sibling', 'other'];
const upTo = (last, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
const ETHNICITIES = [...upTo(56).map(n => n.padStart(2, '0')), '97', '98'];

const isFamily = c => c.household.household_type !== 'collective';
const isAsked = c => !PROXIES.includes(c.interview.respondent);
const hasRooms = c => !['2', '3', '4', '5'].includes(c.household.dwelling_kind);
const born = p => earliest(readDate(p.birth));
const isOlder = (p, c, years) => Boolean(born(p)) && born(p) < moved(c.reference, { years: -years });
const isFirst = (p, c) => c.persons[0] === p;
const stayedAt = p => (p.stayed_here === 'yes' ? '1' : p.stayed_at);
const registeredAt = p => (p.stayed_here === 'no' ? '1' : p.registered_at);
const isNear = p => (p.stayed_here === 'yes' ? ['1', '2'].includes(p.registered_at) : ['2', '3'].includes(p.stayed_at));
const timeAway = p => (isNear(p) ? '1' : p.time_away);
const isElsewhere = p => (p.stayed_here === 'yes' ? ['2', '3', '4'].includes(p.registered_at) : p.stayed_here === 'no');
const number = (p, c) => readCitizenId(p.citizen_id, c.reference);

/** What follows from where a person slept and is registered; null where the answers do not tell. */
function residence(p) {
  if (p.stayed_here === 'no') return 'absent_registered';
  if (p.stayed_here !== 'yes' || !p.registered_at) return null;
  return { 1: 'here_registered', 5: 'here_pending' }[p.registered_at] ?? 'here_elsewhere';
}

function birthFault(p, c) {
  const date = readDate(p.birth);
  const unread = ['y', 'm', 'd'].some(part => !isBlank(p.birth[part]) && date[part] === null);
  if (unread || !isDate(date)) return 'date';
  return date.y && born(p) >= c.reference ? 'born_later' : null;
}

/** How sex and birth differ from the citizen ID, unless the enumerator kept them. */
function differs(p, c, item) {
  const id = number(p, c);
  if (!id.number || p.kept === id.number) return false;
  if (item === 'sex') return Boolean(p.sex) && p.sex !== id.sex;
  const told = readDate(p.birth);
  return ['y', 'm', 'd'].some(part => told[part] && told[part] !== id.birth[part]);
}

function birthDoubt(p, c) {
  if (differs(p, c, 'birth')) return 'id_differs';
  return born(p) && born(p) < moved(c.reference, { years: -115 }) ? 'very_old' : null;
}

const count = { kind: 'number', most: 999, usual: 10 };
/**
 * The questions: `codes` of a choice; `asked`, `required`, `follows` (an answer that follows from others), `check` (a fault),
 * `doubt` (unlikely) as functions of the answers beside it and of the whole form; `above` offers the answer of the person before;
 * `int` marks codes that are numbers in the record.
 */
const START = [
  { name: 'respondent', part: 'interview', kind: 'one', codes: ['head', 'member', ...PROXIES], required: () => true },
  { name: 'household_type', kind: 'one', codes: ['family', 'collective'], required: () => true },
];
const SUMS = [
  { name: 'n_stayed', kind: 'number', follows: (_, c) => c.persons.filter(p => p.stayed_here === 'yes').length },
  { name: 'n_registered_absent', kind: 'number', follows: (_, c) => c.persons.filter(p => p.stayed_here === 'no').length },
  { name: 'listed', part: 'interview', kind: 'acknowledge', appearance: 'confirm', required: () => true, own: true },
];
const EVENTS = ['births_m', 'births_f', 'deaths_m', 'deaths_f'].map(name => ({ ...count, name, doubt: answered }));
const DWELLING = [
  { name: 'dwelling_kind', kind: 'one', codes: upTo(5), int: true, doubt: answered },
  { name: 'floor_area_m2', kind: 'decimal', asked: (_, c) => hasRooms(c), most: 1e6, usual: 1000, check: h => (readNumber(h.floor_area_m2) > 0 ? null : 'positive') },
  { name: 'rooms', kind: 'number', asked: (_, c) => hasRooms(c), most: 999, usual: 50, check: h => (readNumber(h.rooms, true) >= 1 ? null : 'positive') },
  { name: 'tenure', kind: 'one', codes: ['own', 'rent'], asked: (_, c) => hasRooms(c) },
  { name: 'phone', kind: 'text', appearance: 'tel', doubt: h => (isBlank(h.phone) || /^\d{5,15}$/.test(plain(h.phone).replace(/^\+|[\s().-]/g, '')) ? null : 'phone') },
  { name: 'address_text', part: 'interview', kind: 'text' },
];
const PERSON = [
  { name: 'name', kind: 'text', appearance: 'listed', required: () => true, length: 200 },
  { name: 'relationship', kind: 'one', appearance: 'pair', codes: RELATIONS, required: (_, c) => isFamily(c), follows: (p, c) => (isFamily(c) && isFirst(p, c) ? 'head' : undefined) },
  { name: 'citizen_id', kind: 'text', appearance: 'id', length: 18, check: (p, c) => number(p, c).fault },
  { name: 'sex', kind: 'one', appearance: 'pair listed', codes: ['m', 'f'], required: () => true, doubt: (p, c) => (differs(p, c, 'sex') ? 'id_differs' : null) },
  { name: 'birth', kind: 'date', required: (_, c) => isAsked(c), check: birthFault, doubt: birthDoubt },
  { name: 'ethnicity', kind: 'one', appearance: 'minimal autocomplete', codes: ETHNICITIES, above: true },
  { name: 'stayed_here', kind: 'one', appearance: 'pair', codes: ['yes', 'no'], required: () => true },
  { name: 'stayed_at', kind: 'one', codes: upTo(6, 2), int: true, asked: p => !isBlank(p.stayed_here), required: (_, c) => isAsked(c), follows: p => (p.stayed_here === 'yes' ? '1' : undefined), above: true },
  { name: 'registered_at', kind: 'one', codes: upTo(5), int: true, asked: p => !isBlank(p.stayed_here), required: (_, c) => isAsked(c), follows: p => (p.stayed_here === 'no' ? '1' : undefined), above: true },
  { name: 'other_address', kind: 'text', asked: isElsewhere, above: true },
  { name: 'time_away', kind: 'one', codes: upTo(9, 2), int: true, asked: p => isNear(p) || isElsewhere(p), follows: p => (isNear(p) ? '1' : undefined), above: true, doubt: answered },
  { name: 'residence_status', kind: 'note', appearance: 'follows', asked: residence, follows: residence },
  { name: 'reason_away', kind: 'one', appearance: 'minimal', codes: REASONS, asked: p => (isNear(p) || isElsewhere(p)) && timeAway(p) > '1', above: true },
  { name: 'education', kind: 'one', appearance: 'minimal', codes: upTo(9), int: true, asked: (p, c) => isOlder(p, c, 3) },
  { name: 'literate', kind: 'one', appearance: 'pair', codes: upTo(2), int: true, asked: (p, c) => isOlder(p, c, 15) },
];

/** An item the form should have, but may lack. */
function answered(answers, c, { name }) { return isBlank(answers[name]) && isAsked(c) ? 'left_open' : null; }

/** One question about `answers`, which belong to the household or to a person. */
class Question {
  constructor(model, item, answers, prefix) {
    Object.assign(this, { model, item, answers, prefix, kind: item.kind, appearance: item.appearance ?? '', media: null, children: [], length: item.length });
  }
  get context() { return this.model.answers; }
  get path() { return `${this.prefix()}.${this.item.name}`; }
  get label() { return this.kind === 'note' ? this.model.codeLabel(this.item.name, this.value) : this.say(this.item.name, this.model.places()); }
  get hint() {
    if (this.item.name === 'citizen_id' && this.answers.before && isBlank(this.answers.citizen_id)) return this.say('id_kept');
    return this.model.hint(this.item.name);
  }
  /** Says where an answer comes from that nobody typed. */
  get mark() { return this.answers.filled?.[this.item.name] ? this.say('from_number') : null; }
  get relevant() { return this.item.asked ? Boolean(this.item.asked(this.answers, this.context)) : true; }
  get readonly() { return this.follows !== undefined; }
  get required() { return !this.readonly && Boolean(this.item.required?.(this.answers, this.context)); }
  get follows() { return this.item.follows?.(this.answers, this.context); }
  get value() {
    if (this.readonly) return this.follows;
    const raw = this.answers[this.item.name];
    if (this.item.own) return raw === this.model.listed();
    if (isBlank(raw)) return null;
    if (this.kind === 'date') return readDate(raw);
    return this.isNumber ? readNumber(raw, this.kind === 'number') : raw;
  }
  /** The answer as it was typed: a text, for a date `{y, m, d}` of texts. */
  get text() { return this.readonly ? this.follows : this.answers[this.item.name]; }
  get isNumber() { return this.kind === 'number' || this.kind === 'decimal'; }
  get options() { return (this.readonly && this.item.codes ? [this.follows] : this.item.codes ?? []).map(value => ({ value, label: this.model.codeLabel(this.item.name, value) })); }
  get problem() {
    if (!this.relevant || this.readonly) return null;
    const code = this.fault();
    const doubt = code ? null : this.doubt();
    return code || doubt ? { code: code ?? doubt, grave: Boolean(code), text: this.say(`problem_${code ?? doubt}`, this.model.places()) } : null;
  }
  fault() {
    if (this.item.own ? !this.value : isBlank(this.text)) return this.required ? (this.item.own ? 'unconfirmed' : 'required') : null;
    if (this.isNumber && (this.value === null || this.value < 0 || this.value > this.item.most)) return 'number';
    return this.item.check?.(this.answers, this.context) ?? null;
  }
  doubt() {
    if (this.isNumber && this.value > this.item.usual) return 'very_many';
    return this.item.doubt?.(this.answers, this.context, this.item) ?? null;
  }
  /** Answers that one tap gives: `[{ label, run() }]`. */
  get offers() { return this.model.offers(this); }
  /** Stores the answer as typed; of a date the parts given replace those there. */
  set(value) {
    if (this.readonly) return;
    const { name } = this.item;
    if (this.item.own) this.answers[name] = value ? this.model.listed() : null;
    else this.answers[name] = this.kind === 'date' ? { ...this.answers[name], ...value } : value;
    if (this.answers.filled) this.answers.filled[name] = false;
    if (name === 'citizen_id') this.model.fillFromNumber(this.answers);
    this.model.changed();
  }
  add() {}
  remove() {}
  say(key, places) { return this.model.say(key, places); }
}

const group = (path, label, children, appearance = 'field-list') => ({
  path, label, children, appearance, kind: 'group', hint: null, media: null, value: null, options: [], required: false, readonly: false, relevant: true, problem: null, set() {}, add() {}, remove() {},
});

/** The whole form. `door.survey` gives the reference moment; `previous` is the interview that is corrected. */
class Census {
  constructor(form, door, draft, { language, strings, previous }) {
    Object.assign(this, { form, door, previous, languages: [language], language, strings, listeners: new Set(), known: new WeakMap() });
    this.reference = localDate(door.survey);
    this.answers = draft?.answers ? structuredClone(draft.answers) : fromRecord(previous) ?? { interview: {}, household: {}, persons: [] };
    this.answers.reference = this.reference;
    const of = (items, main) => items.map(item => this.question(item, this.answers[item.part ?? main], () => item.part ?? main));
    this.roster = this.makeRoster();
    const part = (name, items) => group(name, this.say(`screen_${name}`), of(items, 'household'));
    this.root = group('', '', [
      part('start', START),
      group('people', this.say('screen_people', this.places()), [this.roster, ...of(SUMS, 'household')]),
      part('events', EVENTS), part('dwelling', DWELLING),
    ], '');
  }

  question(item, answers, prefix) { return new Question(this, item, answers, prefix); }
  say(key, places) { return this.strings('phone.form.' + key, places); }
  hint(name) { return HINTS.has(name) ? this.say(`${name}_hint`, this.places()) : null; }
  codeLabel(name, code) {
    if (name === 'ethnicity') return `${code} ${this.say('ethnicities').split(' ')[ETHNICITIES.indexOf(code)]}`;
    if (TABLES.has(name)) return this.strings(`${name}.${code}`);
    return this.say(`${name === 'stayed_here' ? 'yes_no' : name}_${code}`);
  }
  places() {
    const said = (date, year) => new Intl.DateTimeFormat(this.language === 'zh' ? 'zh-CN' : 'en-GB', { year, month: 'long', day: 'numeric', timeZone: 'UTC' }).format(new Date(date));
    return (this.dates ??= { night: said(moved(this.reference, { days: -1 })), day: said(this.reference, 'numeric'), from: said(moved(this.reference, { years: -1 }), 'numeric') });
  }
  listed() { return SUMS.slice(0, 2).map(sum => sum.follows(null, this.answers)).join('/'); }

  on(listener) { this.listeners.add(listener); return () => this.listeners.delete(listener); }
  changed() { for (const listener of this.listeners) listener(); }
  setLanguage() {}

  makeRoster() {
    const add = where => { this.answers.persons.push({ stayed_here: where === 'away' ? 'no' : where === 'here' ? 'yes' : undefined }); this.changed(); };
    const roster = group('person', this.say('screen_people', this.places()), [], '');
    Object.defineProperty(roster, 'children', { get: () => this.answers.persons.map(p => this.person(p)) });
    return Object.assign(roster, { kind: 'repeat', add, options: ['here', 'away'].map(value => ({ value, label: this.say(`add_${value}`) })) });
  }

  /** The card and the screen of one person; the same object as long as the person is listed. */
  person(answers) {
    if (!this.known.has(answers)) this.known.set(answers, this.makePerson(answers));
    return this.known.get(answers);
  }
  makePerson(answers) {
    const place = () => this.answers.persons.indexOf(answers) + 1;
    const item = group('', '', PERSON.map(of => this.question(of, answers, () => item.path)));
    const remove = () => { this.answers.persons.splice(place() - 1, 1); this.changed(); };
    Object.defineProperties(item, {
      path: { get: () => `person.${place()}` },
      label: { get: () => plain(answers.name) || this.say('person_n', { n: place() }) },
      hint: { get: () => (residence(answers) ? this.codeLabel('residence_status', residence(answers)) : answers.stayed_here ? this.say(`stay_${answers.stayed_here}`) : null) },
      actions: { get: () => (place() > 1 && isFamily(this.answers) ? [{ name: 'first', label: this.say('make_head'), run: () => this.makeHead(answers) }] : []) },
      isEmpty: { get: () => PERSON.every(of => of.name === 'stayed_here' || isBlank(answers[of.name])) },
    });
    return Object.assign(item, { kind: 'item', remove });
  }
  /** Lists a person first; relationships were told with another head in mind, so they are asked again. */
  makeHead(answers) {
    const { persons } = this.answers;
    persons.unshift(...persons.splice(persons.indexOf(answers), 1));
    for (const p of persons) delete p.relationship;
    this.changed();
  }

  /** A right number fills birth and sex where they are empty or came from a number before; it overwrites nothing told. */
  fillFromNumber(p) {
    const id = number(p, this.answers);
    if (!id.number) return;
    p.filled ??= {};
    for (const item of ['birth', 'sex']) if (isBlank(p[item]) || p.filled[item]) { p[item] = id[item]; p.filled[item] = true; }
  }
  offers(question) {
    const { item, answers, context } = question;
    const offer = (key, value, run) => ({ label: this.say(key, { value }), run: () => { run(); this.changed(); } });
    if (question.readonly) return [];
    if (['birth', 'sex'].includes(item.name) && differs(answers, context, item.name)) {
      const id = number(answers, context);
      const shown = item.name === 'sex' ? this.codeLabel('sex', id.sex) : written(id.birth);
      return [
        offer('take_number', shown, () => { answers[item.name] = id[item.name]; answers.filled = { ...answers.filled, [item.name]: true }; }),
        offer('keep_told', '', () => { answers.kept = id.number; }),
      ];
    }
    if (item.name === 'births_m' && EVENTS.some(of => isBlank(answers[of.name]))) {
      return [offer('none_of_these', '', () => { for (const of of EVENTS) if (isBlank(answers[of.name])) answers[of.name] = 0; })];
    }
    return item.above ? this.asAbove(question, offer) : [];
  }
  asAbove({ item, answers, value, context }, offer) {
    if (!isBlank(value)) return [];
    const before = context.persons.slice(0, context.persons.indexOf(answers)).reverse();
    const said = before.map(p => this.person(p).children.find(of => of.item === item)).find(of => of.relevant && !of.readonly && !isBlank(of.value))?.text;
    return said === undefined ? [] : [offer('as_above', item.codes ? this.codeLabel(item.name, said) : said, () => { answers[item.name] = said; })];
  }

  /** What is wrong or open: `[{ path, label, where, code, text, grave }]`, in the order of the form. */
  problems() {
    const found = [];
    const walk = (node, where) => {
      if (node.problem) found.push({ path: node.path, label: node.label, where, ...node.problem });
      for (const child of node.children) if (child.relevant) walk(child, child.kind === 'item' ? child.label : where);
    };
    walk(this.root, null);
    if (!this.answers.persons.length && !deaths(this.answers.household)) {
      const people = this.roster;
      found.unshift({ path: people.path, label: people.label, where: null, code: 'nobody', grave: true, text: this.say('problem_nobody') });
    }
    return found;
  }
  /** What `open` takes to go on from here. */
  draft() { return { answers: structuredClone(this.answers) }; }
  close() {}

  /** The interview as the protocol names its fields; `result` is `complete` or `partial`. Throws while a complete form has faults. */
  finish(result = 'complete') {
    if (result === 'complete' && this.problems().some(p => p.grave)) throw new Error('the form is not complete');
    const { interview, household, persons } = this.answers;
    const listed = persons.filter(p => p.before || !this.person(p).isEmpty);
    const lacking = listed.filter(p => !p.sex);
    const record = {
      kind: 'interview', result, respondent: interview.respondent ?? 'member',
      household: { ...this.fields(this.root.children.flatMap(g => g.children).filter(q => !q.item?.part && q.item)) },
      persons: listed.filter(p => p.sex).map((p, i) => ({ person_no: i + 1, ...this.personFields(p) })),
    };
    if (!listed.length && deaths(household)) record.household.household_no = 999;
    if (!isBlank(interview.address_text)) record.address_text = interview.address_text.trim();
    // The service takes no person without a sex. What was written of one is kept beside the list.
    if (lacking.length) record.answers = { persons_without_sex: lacking.map(p => this.personFields(p)) };
    return record;
  }
  fields(questions) {
    const said = questions.filter(q => q.relevant && !q.item.own && !isBlank(q.value));
    return Object.fromEntries(said.map(q => [q.item.name, recorded(q)]));
  }
  personFields(p) {
    const fields = this.fields(this.person(p).children);
    if (p.before && !fields.citizen_id) fields.citizen_id_from = { revision: this.previous.revision, person_no: p.before };
    return fields;
  }
}

// Codes that the service knows by name.
const TABLES = new Set(['respondent', 'household_type', 'sex', 'relationship', 'tenure', 'residence_status']);
const HINTS = new Set(['birth', 'citizen_id', 'births_m', 'deaths_m', 'household_type', 'time_away']);
const deaths = h => (readNumber(h.deaths_m, true) ?? 0) + (readNumber(h.deaths_f, true) ?? 0);

/** An answer as the record holds it. */
function recorded({ item, value }) {
  if (item.int) return Number(value);
  if (item.name === 'stayed_here') return value === 'yes';
  if (item.name === 'citizen_id') return plain(value).replace(/\s/g, '').toUpperCase();
  return typeof value === 'string' ? value.trim() : value;
}

/** The answers of an earlier revision; `before` is the person's number there. */
function fromRecord(previous) {
  if (!previous) return null;
  const text = (items, from) => Object.fromEntries(items.filter(i => !isBlank(from[i.name]) && !i.own).map(i => [i.name, i.int ? String(from[i.name]) : from[i.name]]));
  const { household = {}, persons = [], respondent, address_text } = previous.record;
  return {
    interview: { respondent, address_text },
    household: text([...START, ...EVENTS, ...DWELLING].filter(i => !i.part), household),
    persons: persons.map(p => ({ ...text(PERSON, p), stayed_here: stayOf(p), before: p.person_no })),
  };
}
function stayOf(p) {
  if (p.stayed_here !== undefined) return p.stayed_here ? 'yes' : 'no';
  if (p.stayed_at) return p.stayed_at === 1 ? 'yes' : 'no';
  return p.residence_status ? (p.residence_status === 'absent_registered' ? 'no' : 'yes') : undefined;
}

/** The day of the survey's reference moment in its zone. */
function localDate({ reference_at, time_zone }) {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: time_zone }).format(new Date(reference_at));
}

/** Opens the short form at a door; `draft` is what an earlier `draft()` gave. */
export const open = (form, door, draft, given) => new Census(form, door, draft, given);
