// Forms of the survey's own (XForms) as form models: an adapter over the forms engine, which runs their logic. The interface is
// described in `../index.js`. Nothing here decides what a form means; the engine does.
import { doorList } from './door_lists.js';
import './fields.js';
import { isBlank } from '../value.js';
import { assign, FormNode, isAsked } from './node.js';
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
/** Forms loaded lately, the latest last; opening one of them again is quick. */
const kept = new Map();
const MOST_KEPT = 6;

/** A form ready to be opened at a door: its XML, what the engine made of it, what is bound in it. Loaded once, also when asked for twice at a time. */
async function load(form, door) {
  const xml = await form.xform().catch(cause => { throw failure('not-here', cause); });
  const key = `${DOOR_LISTS.test(xml) ? door?.case_id ?? '' : '-'} ${xml}`;
  const known = kept.get(key) ?? loaded(form, door, xml);
  kept.delete(key);
  kept.set(key, known);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  known.catch(() => kept.delete(key));
  return known;
}
async function loaded(form, door, xml) {
  const { loadForm } = await loadEngine();
  const made = await loadForm(xml, { fetchFormAttachment: url => attachment(form, door, url), missingResourceBehavior: 'BLANK' });
  if (made.error) throw failure('faulty', made.error);
  return { xml, loaded: made, bindings: bindingsOf(xml), prefixes: prefixesOf(xml) };
}

/** Loads engine and forms at a door (null: none) while nobody waits; an instance of each makes the browser compile what opening needs. */
export async function warmUp(forms, door = null) {
  for (const form of forms) (await load(form, door)).loaded.createInstance();
}

/** Opens a form at a door (null: none). Rejects as `loadEngine` does, or with code `faulty` where the form cannot be used. */
export async function open(form, door, draft, { language, strings, previous }) {
  const ready = await load(form, door);
  try {
    const { root } = await instantiate(ready.loaded, draft, previous);
    return new XForm({ form, door, ready, root, draft, previous, language, strings });
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
  constructor({ form, door, ready: { xml, bindings, prefixes }, root, draft, previous, language, strings }) {
    Object.assign(this, { form, door, engineRoot: root, previous, strings, listeners: new Set(), known: new WeakMap(), typed: new Map(), pictures: new Map(), loss: null, drafted: draft?.files ?? {} });
    this.title = (language.startsWith('zh') && form.title_zh) || form.title || form.id;
    Object.assign(this, { bindings, prefixes });
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
    if (!this.known.has(node)) this.known.set(node, new FormNode(this, node));
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
