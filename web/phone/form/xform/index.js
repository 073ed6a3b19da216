// Forms of the survey's own (XForms) as form models: an adapter over the forms engine, which runs their logic. The interface is
// described in `../index.js`. Nothing here decides what a form means; the engine does.
import { doorList } from './door_lists.js';
import './fields.js';
import { isBlank, isDate, readNumber } from '../value.js';
import { uuid5 } from './uuid5.js';

const DOORKNOCK = 'urn:doorknock:xforms', XML_FILE = 'xml_submission_file';
const PROBE_MS = 2000;
/** The smallest WebAssembly module. */
const TINY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const failure = (code, cause) => Object.assign(new Error(code), { code, cause });

/** Rejects where the browser or its policy does not run WebAssembly: there the engine would wait for ever without an error. */
async function probe() {
  const late = new Promise((_, reject) => { setTimeout(() => reject(new Error('too late')), PROBE_MS); });
  try { await Promise.race([WebAssembly.compile(TINY), late]); } catch (cause) { throw failure('no-engine', cause); }
}

let engine = null;
/** The engine; loaded once. Rejects with code `no-engine` (this browser cannot) or `not-here` (not stored, no network). */
export function loadEngine() {
  engine ??= probe().then(() => import('../../../vendor/xforms-engine-0.22.0/xforms-engine.js').catch(cause => { throw failure('not-here', cause); }));
  engine.catch(() => { engine = null; });
  return engine;
}

/** Forms that name a list of doors are loaded anew for each door. */
const DOOR_LISTS = /\b(doors|today|buildings)\.csv\b/;
/** The form that was loaded last; opening it again is quick. */
let last = {};
async function load(form, door) {
  const [{ loadForm }, xml] = await Promise.all([loadEngine(), form.xform().catch(cause => { throw failure('not-here', cause); })]);
  const key = DOOR_LISTS.test(xml) ? door?.case_id : null;
  if (last.xml === xml && last.key === key) return last;
  const loaded = await loadForm(xml, { fetchFormAttachment: url => attachment(form, door, url), missingResourceBehavior: 'BLANK' });
  if (loaded.error) throw failure('faulty', loaded.error);
  last = { xml, key, loaded };
  return last;
}

/** Loads engine and forms while nobody waits; an instance of each makes the browser compile what opening needs. */
export async function warmUp(forms) {
  for (const form of forms) (await load(form, null)).loaded.createInstance();
}

/** Opens a form at a door (null: none). Rejects as `loadEngine` does, or with code `faulty` where the form cannot be used. */
export async function open(form, door, draft, { language, strings, previous }) {
  const { xml, loaded } = await load(form, door);
  try {
    const { root } = await instantiate(loaded, draft, previous);
    return new XForm({ form, door, xml, root, draft, previous, language, strings });
  } catch (cause) { throw failure('faulty', cause); }
}

function instantiate(loaded, draft, previous) {
  if (draft) return loaded.restoreInstance({ data: [instanceData(draft.xml, draft.files)] });
  if (previous?.record.xml) return loaded.editInstance({ inputType: 'FORM_INSTANCE_INPUT_RESOLVED', data: [instanceData(previous.record.xml, {})] });
  return loaded.createInstance();
}

function instanceData(xml, files) {
  const data = new FormData();
  data.set(XML_FILE, new File([xml], XML_FILE, { type: 'text/xml' }));
  for (const [name, file] of Object.entries(files ?? {})) data.set(name, new File([file], name, { type: file.type }));
  return data;
}

const TYPES = { csv: 'text/csv', xml: 'text/xml', geojson: 'application/geo+json' };
async function attachment(form, door, url) {
  const name = decodeURIComponent(url.pathname.split('/').pop());
  const body = doorList(name, door) ?? await form.file(name);
  if (body === null) return new Response(null, { status: 404 });
  return new Response(body, { headers: { 'Content-Type': TYPES[name.split('.').pop()] ?? 'application/octet-stream' } });
}

/** Which question fills which field of a record: paths without positions to fields. */
function bindingsOf(xml) {
  const binds = new DOMParser().parseFromString(xml, 'text/xml').getElementsByTagName('*');
  return new Map([...binds].filter(e => e.localName === 'bind' && e.getAttributeNS(DOORKNOCK, 'field')).map(e => [e.getAttribute('nodeset'), e.getAttributeNS(DOORKNOCK, 'field')]));
}

/** The form's language that fits `wanted` (`zh`, `en` or the name of one), else its default. */
function fitting(languages, wanted) {
  const fits = l => l.language === wanted || new RegExp(`(^|\\()${wanted}([-_)]|$)`, 'i').test(l.language);
  return languages.find(fits) ?? languages.find(l => l.isDefault) ?? languages[0];
}

/** Prefixes of namespaces that a form declares, each with its declaration. */
const prefixesOf = xml => new Map([...xml.matchAll(/\sxmlns:([\w.-]+)=("[^"]*"|'[^']*')/g)].map(([, prefix, uri]) => [prefix, ` xmlns:${prefix}=${uri}`]));

/** An instance whose root declares every prefix in it. The engine leaves out those that stand on attributes below the root alone. */
function declared(xml, prefixes) {
  const rootEnd = xml.match(/^(?:<\?[^>]*\?>\s*)?<[^\s/>]+/)[0].length;
  const rootTag = xml.slice(0, xml.indexOf('>', rootEnd));
  const lacking = [...prefixes].filter(([prefix]) => xml.includes(`${prefix}:`) && !rootTag.includes(`xmlns:${prefix}=`));
  return xml.slice(0, rootEnd) + lacking.map(([, declaration]) => declaration).join('') + xml.slice(rootEnd);
}

class XForm {
  constructor({ form, door, xml, root, draft, previous, language, strings }) {
    Object.assign(this, { form, door, engineRoot: root, previous, strings, listeners: new Set(), known: new WeakMap(), typed: new Map(), pictures: new Map(), loss: null, drafted: draft?.files ?? {} });
    this.title = (language.startsWith('zh') && form.title_zh) || form.title || form.id;
    this.bindings = bindingsOf(xml);
    this.prefixes = prefixesOf(xml);
    this.counts = /\bcount=/.test(xml);
    this.languages = root.languages.filter(l => !l.isSyntheticDefault).map(l => l.language);
    if (this.languages.length) root.setLanguage(fitting(root.languages, language));
    this.root = this.wrap(root);
    this.fill();
    for (const node of this.leaves(root)) if (draft?.typed?.[node.currentState.reference]) this.typed.set(node, draft.typed[node.currentState.reference]);
  }
  get language() { return this.engineRoot.currentState.activeLanguage.language; }
  setLanguage(name) { this.engineRoot.setLanguage(fitting(this.engineRoot.languages, name)); this.changed(); }
  say(key, places) { return this.strings('phone.form.' + key, places); }
  on(listener) { this.listeners.add(listener); return () => this.listeners.delete(listener); }
  changed() { for (const listener of this.listeners) listener(); }
  close() { for (const picture of this.pictures.values()) if (picture.url) URL.revokeObjectURL(picture.url); }

  wrap(node) {
    if (!this.known.has(node)) this.known.set(node, new Node(this, node));
    return this.known.get(node);
  }
  fieldOf(node) { return this.bindings.get(node.definition.nodeset); }
  /** Bound questions that are known already: the door, the visit, whether the form is complete. */
  isKnown(node) {
    const field = this.fieldOf(node);
    return (field === 'case' && Boolean(this.door)) || field === 'interview.result' || (Boolean(this.door?.visit) && Boolean(field?.startsWith('visit.')));
  }
  * leaves(node) {
    const { children } = node.currentState;
    if (!children) { yield node; return; }
    for (const child of children) yield* this.leaves(child);
  }
  fill() {
    const known = { case: this.door?.case_id, ...Object.fromEntries(Object.entries(this.door?.visit ?? {}).map(([k, v]) => [`visit.${k}`, v])) };
    for (const node of this.leaves(this.engineRoot)) {
      const value = known[this.fieldOf(node)];
      if (!isBlank(value) && this.isKnown(node)) assign(node, value);
    }
  }

  /** A picture of the form itself: its address once it is loaded. */
  picture(source) {
    const name = source && decodeURIComponent(source.pathname.split('/').pop());
    if (!name) return null;
    if (!this.pictures.has(name)) {
      this.pictures.set(name, {});
      this.form.file(name).then(blob => { if (blob) { this.pictures.get(name).url = URL.createObjectURL(blob); this.changed(); } }, () => {});
    }
    return this.pictures.get(name).url ?? null;
  }

  // ---- rows that a count makes and takes away
  /** Counted repeats and what was answered in their rows: `[{ range, rows: [{ name, answers: [[place, value]] }] }]`. */
  counted() {
    const found = [];
    const walk = node => {
      for (const child of node.currentState.children ?? []) {
        if (child.nodeType === 'repeat-range:controlled') found.push({ range: child, rows: child.currentState.children.map(row => this.answersIn(row)) });
        walk(child);
      }
    };
    walk(this.engineRoot);
    return found;
  }
  answersIn(row) {
    const answered = [...this.leaves(row)].map((leaf, place) => [place, leaf.currentState.instanceValue, leaf]).filter(([, value, leaf]) => value !== '' && isAsked(leaf) && !leaf.currentState.readonly);
    return { name: answered.find(([, , leaf]) => leaf.valueType === 'string' && leaf.nodeType === 'input')?.[1], answers: answered };
  }
  /** Makes a change. Where it would take away rows that hold answers, they stay until somebody agrees. */
  change(node, apply, undo) {
    // A row that is gone cannot be read any more, so its answers are looked at before.
    const before = this.counts ? this.counted() : [];
    apply();
    const lost = before.flatMap(({ range, rows }) => rows.slice(range.currentState.children.length).map((row, i) => ({ ...row, place: range.currentState.children.length + i + 1 }))).filter(row => row.answers.length);
    if (lost.length) {
      undo();
      for (const { range, rows } of before) this.refill(range, rows);
      this.loss = { names: lost.map(row => row.name ?? String(row.place)), run: () => { apply(); this.changed(); }, no: () => { this.typed.delete(node); this.changed(); } };
    }
    this.changed();
  }
  refill(range, rows) {
    rows.forEach((row, at) => {
      const leaves = range.currentState.children[at] ? [...this.leaves(range.currentState.children[at])] : [];
      for (const [place, value] of row.answers) if (leaves[place] && leaves[place].currentState.instanceValue !== value) assign(leaves[place], value);
    });
  }

  /** What is wrong or open, in the order of the form. */
  problems() {
    const found = [];
    const walk = (node, where) => {
      const { problem } = node;
      if (problem) found.push({ path: node.path, label: node.label, where, ...problem });
      for (const child of node.children) if (child.relevant) walk(child, child.kind === 'item' ? child.label : where);
    };
    walk(this.root, null);
    return found;
  }
  /** Names and contents of the pictures taken; those of a draft are there before the engine has read them again. */
  * files() {
    for (const { nodeType, currentState: { relevant, value, instanceValue: name } } of this.leaves(this.engineRoot)) {
      const file = value ?? this.drafted[name];
      if (nodeType === 'upload' && relevant && name && file) yield [name, file];
    }
  }
  draft() {
    const files = Object.fromEntries(this.files()), typed = {};
    for (const node of this.leaves(this.engineRoot)) {
      if (this.typed.has(node) && isBlank(node.currentState.instanceValue)) typed[node.currentState.reference] = this.typed.get(node);
    }
    return { xml: declared(this.engineRoot.instanceState.instanceXML, this.prefixes), files, typed };
  }
  /** The `submission`; `result` is `complete` or `partial`. Rejects while a complete form has faults. */
  async finish(result = 'complete') {
    if (result === 'complete' && this.problems().some(p => p.grave)) throw new Error('the form is not complete');
    let respondent;
    for (const node of this.leaves(this.engineRoot)) {
      if (this.fieldOf(node) === 'interview.result') assign(node, result);
      if (this.fieldOf(node) === 'interview.respondent') respondent = node.currentState.instanceValue || undefined;
    }
    const { data: [data] } = await this.engineRoot.prepareInstancePayload({ payloadType: 'monolithic' });
    const xml = declared(await data.get(XML_FILE).text(), this.prefixes);
    const id = instanceId(xml);
    const chain = this.previous?.record.root_id ?? this.previous?.record.id ?? id;
    const files = [...this.files()].map(([name, blob]) => ({ id: uuid5(chain, name), name, blob }));
    return { kind: 'submission', result, respondent, id, form: { id: this.form.id, version: this.form.version }, xml, files, ...(this.previous ? { keep_ids: true } : {}) };
  }
}

/** The UUID of a filled-in form. */
function instanceId(xml) {
  const found = [...new DOMParser().parseFromString(xml, 'text/xml').getElementsByTagName('*')].find(e => e.localName === 'instanceID');
  return found.textContent.replace(/^uuid:/, '').toLowerCase();
}

// ---------------------------------------------------------------- what the engine calls things
const CONTROLS = { group: 'group', root: 'group', 'repeat-range:controlled': 'repeat', 'repeat-range:uncontrolled': 'repeat', 'repeat-instance': 'item', note: 'note', range: 'range', rank: 'rank', trigger: 'acknowledge' };
const INPUTS = { string: 'text', int: 'number', decimal: 'decimal', date: 'date', time: 'time', dateTime: 'datetime', geopoint: 'geopoint' };
const NOT_HERE = ['draw', 'annotate', 'signature', 'printer', 'image-map'];

function kindOf(node, appearance) {
  if (NOT_HERE.some(word => appearance.split(' ').includes(word)) || /(^| )ex:/.test(appearance)) return 'elsewhere';
  if (node.nodeType === 'select') return node.selectType === 'select' ? 'many' : 'one';
  if (node.nodeType === 'input') return INPUTS[node.valueType] ?? 'elsewhere';
  if (node.nodeType === 'upload') return node.nodeOptions.media.type === 'image' ? 'picture' : 'elsewhere';
  return CONTROLS[node.nodeType] ?? null;
}
const isAsked = node => node.nodeType !== 'model-value';
const isTyped = kind => ['number', 'decimal', 'date', 'time', 'datetime'].includes(kind);

/** Stores a value as the engine writes it into the instance; what cannot hold it stays as it is. */
function assign(node, value) {
  if (node.currentState.readonly) return;
  switch (node.nodeType) {
    case 'select': node.selectValues(String(value).split(' ').filter(v => v && node.getValueOption(v))); break;
    case 'rank': node.setValues(String(value).split(' ').filter(Boolean)); break;
    case 'trigger': node.setValue(value !== ''); break;
    case 'upload': if (value instanceof File || value === null) node.setValue(value); break;
    case 'input': case 'range': node.setValue(value === '' ? null : value); break;
    default:
  }
}

const two = n => String(n).padStart(2, '0');
function offsetOf(date) {
  const minutes = -date.getTimezoneOffset();
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}
/** Reads what was typed into a field; null where it is not readable yet. Dates and times come as the instance holds them. */
function readTyped(kind, text, shown) {
  if (kind === 'number' || kind === 'decimal') return readNumber(text, kind === 'number');
  const part = name => (shown.includes(name) ? readNumber(text[name], true) : name === 'y' ? null : 1);
  const [y, m, d, h, i] = [...'ymdhi'].map(part);
  const isTime = shown.includes('h');
  if (isTime && !(h >= 0 && h < 24 && i >= 0 && i < 60)) return null;
  if (kind === 'time') return h === null || i === null ? null : `${two(h)}:${two(i)}:00.000${offsetOf(new Date())}`;
  if (!y || !m || !d || !isDate({ y, m, d }) || (isTime && (h === null || i === null))) return null;
  const day = `${y}-${two(m)}-${two(d)}`;
  return isTime ? `${day}T${two(h)}:${two(i)}:00.000${offsetOf(new Date(y, m - 1, d, h, i))}` : day;
}
function partsOf(instanceValue) {
  const date = instanceValue.match(/(\d{4})-(\d\d)-(\d\d)/), time = instanceValue.match(/(?:^|T)(\d\d):(\d\d)/);
  return { ...(date ? { y: +date[1], m: +date[2], d: +date[3] } : {}), ...(time ? { h: +time[1], i: +time[2] } : {}) };
}

/** Text as it is read: marks of Markdown and HTML left out. */
function wordsOf(range) {
  const text = range?.asString ?? '';
  if (!/[*_#<>[\]&~\\`]/.test(text)) return text;
  const flat = node => {
    if (node.role === 'child') return node.value;
    if (node.role === 'line-break') return '\n';
    if (node.role === 'html') return node.unsafeHtml.replace(/<br\s*\/?>/gi, '\n').replace(/<[^>]*>/g, '');
    return node.children.map(flat).join('') + (/^(p|li|h\d|div)$/.test(node.elementName) ? '\n' : '');
  };
  return range.formatted.map(flat).join('').trim();
}

/** One node of the engine as the renderer sees it. */
class Node {
  constructor(form, node) {
    Object.assign(this, { form, node });
    const given = [...(node.appearances ?? [])].join(' ');
    this.kind = kindOf(node, given);
    this.isTyped = isTyped(this.kind);
    if (this.isTyped) this.parts = { time: 'hi', datetime: 'ymdhi' }[this.kind] ?? (/month-year/.test(given) ? 'ym' : /(^| )year/.test(given) ? 'y' : 'ymd');
    const isRecent = this.kind === 'date' && this.parts === 'ymd' && form.fieldOf(node) !== 'person.birth';
    this.isRecent = isRecent;
    this.appearance = (node.nodeOptions?.rows ?? 0) > 1 ? `${given} multiline` : given;
    if (this.kind === 'range') this.range = Object.fromEntries(['start', 'end', 'step'].map(name => [name, Number(node.definition.bounds[name])]));
    if (this.kind === 'picture') this.maxPixels = node.maxPixels;
    if (this.kind === 'item' && node.parent.nodeType === 'repeat-range:uncontrolled') this.remove = () => this.removeItem();
  }
  get state() { return this.node.currentState; }
  get key() { return this.node.nodeId; }
  get path() { return this.state.reference; }
  get label() {
    if (this.kind === 'item') return this.itemLabel();
    if (this.node === this.form.engineRoot) return this.form.title;
    const words = wordsOf(this.state.label);
    return words || (this.kind === 'note' ? wordsOf(this.state.hint) : '');
  }
  /** An item is called by its first text, else by its number. */
  itemLabel() {
    const place = this.node.parent.currentState.children.indexOf(this.node) + 1, text = this.firstText();
    return text ? `${place} · ${text}` : `${wordsOf(this.node.parent.currentState.label)} ${place}`.trim();
  }
  firstText() { return this.children.find(q => q.kind === 'text' && q.value)?.value; }
  get hint() { return this.kind === 'note' && !this.state.label ? null : wordsOf(this.state.hint) || null; }
  get media() { const image = this.form.picture(this.state.label?.imageSource); return image ? { image } : null; }
  get relevant() { return this.kind !== null && this.state.relevant && this.state.hasRelevantBodyNodes !== false && !this.form.isKnown(this.node); }
  get readonly() { return Boolean(this.state.readonly); }
  get required() { return this.kind !== 'elsewhere' && Boolean(this.state.required); }
  get children() { return (this.state.children ?? []).filter(isAsked).map(child => this.form.wrap(child)).filter(child => child.kind !== null && !this.form.isKnown(child.node)); }
  get options() {
    if (this.kind === 'repeat') return this.node.nodeType === 'repeat-range:uncontrolled' ? [{ value: '', label: this.form.say('add') }] : [];
    if (!['one', 'many', 'rank'].includes(this.kind)) return [];
    return this.state.valueOptions.map(o => { const image = this.form.picture(o.label.imageSource); return { value: o.value, label: wordsOf(o.label) || o.value, media: image ? { image } : null }; });
  }
  /** What was typed and is not yet what the engine holds; undefined otherwise. */
  get pending() {
    const typed = this.form.typed.get(this.node);
    if (typed === undefined) return undefined;
    const read = readTyped(this.kind, typed, this.parts);
    if (read !== null && String(read) !== this.state.instanceValue && this.kind !== 'decimal') return undefined;
    return typed;
  }
  get text() {
    const { pending } = this;
    if (pending !== undefined) return pending;
    return this.isTyped && this.kind !== 'number' && this.kind !== 'decimal' ? partsOf(this.state.instanceValue) : this.value;
  }
  /** Answers of one tap: today and yesterday, but not for births. */
  get offers() {
    if (!this.isRecent) return [];
    return ['today', 'yesterday'].map((word, ago) => ({
      label: this.form.say(word), run: () => { const day = new Date(Date.now() - ago * 86_400_000); this.set({ y: day.getFullYear(), m: day.getMonth() + 1, d: day.getDate() }); },
    }));
  }
  get value() {
    const { value, instanceValue } = this.state;
    switch (this.kind) {
      case 'one': return value[0] ?? null;
      case 'many': case 'rank': return [...value];
      case 'number': case 'decimal': case 'range': return value === null ? null : Number(value);
      case 'date': case 'time': case 'datetime': return instanceValue ? partsOf(instanceValue) : null;
      case 'geopoint': return value && { lon: value.longitude, lat: value.latitude, alt: value.altitude, accuracy_m: value.accuracy };
      case 'text': return instanceValue || null;
      case 'note': return instanceValue || null;
      case 'elsewhere': case 'group': case 'repeat': case 'item': case null: return null;
      default: return value ?? null;
    }
  }
  get problem() {
    if (['elsewhere', 'note', 'group', 'repeat', 'item', null].includes(this.kind) || !this.relevant || this.readonly) return null;
    const typed = this.form.typed.get(this.node);
    if (!isBlank(typed) && readTyped(this.kind, typed, this.parts) === null) {
      const code = this.kind === 'number' || this.kind === 'decimal' ? 'not_number' : 'date';
      return { code, grave: true, text: this.form.say(`problem_${code}`) };
    }
    const { violation } = this.node.validationState;
    if (!violation) return null;
    const code = violation.condition === 'required' ? 'required' : 'invalid';
    return { code, grave: true, text: wordsOf(violation.message) || this.form.say(`problem_${code}`) };
  }
  /** Stores an answer, typed ones as they were typed. */
  set(value) {
    if (this.readonly) return;
    const before = this.node.nodeType === 'upload' ? this.state.value : this.state.instanceValue;
    this.form.change(this.node, () => this.apply(value), () => assign(this.node, before));
  }
  apply(value) {
    const { node, kind } = this;
    if (this.isTyped) {
      const typed = kind === 'number' || kind === 'decimal' ? value ?? '' : { ...this.text, ...value };
      this.form.typed.set(node, typed);
      const read = readTyped(kind, typed, this.parts);
      node.setValue(read === null ? null : String(read));
    } else if (kind === 'one') node.selectValue(value);
    else if (kind === 'many') node.selectValues(value);
    else if (kind === 'rank') node.setValues(value);
    else if (kind === 'geopoint') node.setValue(value && { latitude: value.lat, longitude: value.lon, altitude: value.alt ?? null, accuracy: value.accuracy_m ?? null });
    else if (kind === 'acknowledge') node.setValue(Boolean(value));
    else node.setValue(kind === 'text' ? String(value ?? '') : value);
  }
  add() {
    if (this.node.nodeType !== 'repeat-range:uncontrolled') return;
    this.node.addInstances();
    this.form.changed();
  }
  removeItem() {
    this.node.parent.removeInstances(this.node.parent.currentState.children.indexOf(this.node), 1);
    this.form.changed();
  }
}
