// What the engine calls things, and its nodes as the renderer sees them.
import { isBlank, isDate, readNumber } from '../value.js';

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
/** Whether a node is one that a form shows. */
export const isAsked = node => node.nodeType !== 'model-value';
const isTyped = kind => ['number', 'decimal', 'date', 'time', 'datetime'].includes(kind);

/** Stores a value as the engine writes it into the instance; what cannot hold it stays as it is. */
export function assign(node, value) {
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
export class FormNode {
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
      case 'picture': return value ?? this.form.drafted[instanceValue] ?? null;
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
