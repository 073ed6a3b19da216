// The form models of the phone in Node.js: one suite over the short form's own model and XForms in the engine, then what the short
// form must do. Needs the program (DOORKNOCK_BIN) to turn spreadsheets into XForms.
import './form_env.mjs';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as census from '../web/phone/form/census.js';
import { screensOf } from '../web/phone/form/screens.js';
import { uuid5 } from '../web/phone/form/xform/uuid5.js';
import { readCitizenId, readNumber } from '../web/phone/form/value.js';
import * as xform from '../web/phone/form/xform/index.js';
import { fillCensus, fillXForm, find, household } from './form_households.mjs';
import { wordsOf } from './form_words.mjs';

const root = new URL('..', import.meta.url).pathname;
const program = [process.env.DOORKNOCK_BIN, ...['target/debug/doorknock', 'target/release/doorknock'].map(p => join(root, p))].find(p => p && existsSync(p));
/** Seeds from 1: all of them in `make pages-long`. */
const HOUSEHOLDS = Number(process.env.HOUSEHOLDS ?? (process.env.LONG ? 500 : 60));
const door = {
  case_id: '5b1c9b1e-7c0c-5d0a-9d59-1d1f4f1c2a10', building: '6', building_name: '6号楼', unit: '2', room: '301',
  survey: { id: 'census-2020', reference_at: '2020-11-01T00:00:00+08:00', time_zone: 'Asia/Shanghai' },
};
const missing = new Set();
const given = (more = {}) => ({ language: 'en', strings: wordsOf(more.language ?? 'en', missing), previous: null, ...more });
const SHORT = { id: 'census_short', version: '', role: 'main' };
const openCensus = (draft = null, more = {}) => census.open(SHORT, door, draft, given(more));

const work = mkdtempSync('/tmp/doorknock-forms-');
after(() => rmSync(work, { recursive: true, force: true }));
const texts = new Map();
/** The XForm of a spreadsheet of the repository. */
function xformOf(path) {
  if (!texts.has(path)) texts.set(path, execFileSync(program, ['form', 'check', join(root, path), '--xform', '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  return texts.get(path);
}
function openXForm(path, draft = null, more = {}) {
  const form = { id: path.match(/(\w+)\.xlsx$/)[1], version: '1', role: 'extra', xform: async () => xformOf(path), file: async () => null };
  return xform.open(form, more.door === undefined ? door : more.door, draft, given(more));
}
const SHEETS = ['forms', 'fixtures/yongxin/forms'].flatMap(d => readdirSync(join(root, d)).filter(f => f.endsWith('.xlsx')).map(f => `${d}/${f}`));
const NEEDS = 'fixtures/yongxin/forms/needs.xlsx', SHORT_XFORM = 'forms/census_short.xlsx';
const all = node => [node, ...node.children.flatMap(all)];
const unproxied = object => JSON.parse(JSON.stringify(object));

// ---------------------------------------------------------------- one suite over all models
const models = {
  'own short form': { open: openCensus, number: 'household.births_m', text: 'household.phone', one: 'household.household_type', codes: ['family', 'collective'], repeat: 'person', rowText: n => `person.${n}.name` },
  'XForm needs': { open: (...args) => openXForm(NEEDS, ...args), number: '/data/elderly/people_60', text: '/data/remark', one: '/data/satisfied', codes: ['1', '5'], repeat: '/data/child', rowNumber: n => `/data/child[${n}]/age` },
};
for (const [name, about] of Object.entries(models)) {
  describe(`a model: ${name}`, () => {
    const at = (model, path) => find(model.root, path);
    test('every node has the whole interface', async () => {
      const model = await about.open();
      for (const node of all(model.root)) {
        for (const key of ['path', 'kind', 'label', 'hint', 'media', 'value', 'options', 'required', 'readonly', 'relevant', 'problem', 'appearance', 'children']) assert.notEqual(node[key], undefined, `${node.path}: ${key}`);
        for (const call of ['set', 'add']) assert.equal(typeof node[call], 'function', `${node.path}: ${call}`);
        for (const option of node.options) assert.ok(option.label, `${node.path} ${option.value} has no label`);
      }
      assert.ok(model.languages.length >= 1 && model.languages.includes(model.language));
    });
    test('paths are unique and every screen is found by its key', async () => {
      const model = await about.open();
      const paths = all(model.root).map(n => n.path);
      assert.equal(new Set(paths).size, paths.length);
      const keys = screensOf(model.root).map(s => s.key);
      assert.equal(new Set(keys).size, keys.length);
    });
    test('an answer is stored, told, cleared', async () => {
      const model = await about.open();
      let told = 0;
      const stop = model.on(() => { told += 1; });
      at(model, about.one).set(about.codes[0]);
      assert.equal(at(model, about.one).value, about.codes[0]);
      at(model, about.one).set(null);
      assert.equal(at(model, about.one).value, null);
      assert.equal(told, 2);
      stop();
      at(model, about.one).set(about.codes[1]);
      assert.equal(told, 2);
      at(model, about.text).set('１０１８２６６３３１０');
      assert.equal(at(model, about.text).value, '１０１８２６６３３１０', 'text is kept as typed');
    });
    test('numbers: full-width digits are taken, what is none is kept as typed and is a fault', async () => {
      const model = await about.open();
      const node = () => at(model, about.number);
      node().set('１２');
      assert.equal(node().value, 12);
      node().set('twelve');
      assert.equal(node().value, null);
      assert.equal(node().text, 'twelve');
      assert.equal(node().problem.grave, true);
      const again = await about.open(structuredClone(model.draft()));
      assert.equal(at(again, about.number).text, 'twelve', 'a draft keeps it');
      node().set('0');
      assert.equal(node().value, 0);
      assert.equal(node().problem, null);
      node().set('');
      assert.equal(node().value, null);
    });
    test('rows are added, answered, called by name, removed', async () => {
      const model = await about.open();
      const repeat = () => at(model, about.repeat);
      const before = repeat().children.length;
      repeat().add(repeat().options[0].value);
      repeat().add(repeat().options[0].value);
      assert.equal(repeat().children.length, before + 2);
      const place = before + 1;
      if (about.rowText) at(model, about.rowText(place)).set('王芳');
      if (about.rowText) assert.equal(repeat().children[before].label, '王芳');
      if (about.rowNumber) at(model, about.rowNumber(place)).set(7);
      if (about.rowNumber) assert.equal(at(model, about.rowNumber(place)).value, 7);
      repeat().children[before + 1].remove();
      assert.equal(repeat().children.length, before + 1);
    });
    test('required questions are open, are told with a place, and keep a form from being complete', async () => {
      const model = await about.open();
      const open = model.problems().filter(p => p.grave);
      assert.ok(open.some(p => p.path === about.one && p.code === 'required'));
      for (const p of open) assert.ok(p.label && p.text, p.path);
      await assert.rejects(async () => model.finish('complete'));
      assert.equal((await model.finish('partial')).result, 'partial');
    });
    test('a draft goes on where it was', async () => {
      const model = await about.open();
      at(model, about.one).set(about.codes[1]);
      at(model, about.repeat).add(at(model, about.repeat).options[0].value);
      const draft = structuredClone(model.draft());
      const again = await about.open(draft);
      assert.equal(at(again, about.one).value, about.codes[1]);
      assert.equal(at(again, about.repeat).children.length, at(model, about.repeat).children.length);
      assert.deepEqual(unproxied(again.draft()), unproxied(draft));
    });
  });
}

// ---------------------------------------------------------------- the short form
const named = (model, path) => find(model.root, path);
function twoPeople() {
  const model = openCensus();
  named(model, 'interview.respondent').set('member');
  named(model, 'household.household_type').set('family');
  named(model, 'person').add('here');
  named(model, 'person').add('away');
  return model;
}

describe('the short form', () => {
  test('an ID number fills birth and sex, full-width digits and small x too', () => {
    const model = twoPeople();
    named(model, 'person.1.citizen_id').set('４１９９９９１９８５０３０７００２ｘ');
    assert.deepEqual(named(model, 'person.1.birth').value, { y: 1985, m: 3, d: 7 });
    assert.equal(named(model, 'person.1.sex').value, 'f');
    assert.ok(named(model, 'person.1.birth').mark && named(model, 'person.1.sex').mark);
    named(model, 'person.1.citizen_id').set('419999199906157773');
    assert.equal(named(model, 'person.1.birth').value.y, 1999, 'what came from a number follows a corrected number');
  });
  test('a clash with the number is asked, not overwritten', () => {
    const model = twoPeople();
    named(model, 'person.1.birth').set({ y: '1984', m: '5' });
    named(model, 'person.1.sex').set('m');
    named(model, 'person.1.citizen_id').set('41999919850307002X');
    assert.deepEqual(named(model, 'person.1.birth').value, { y: 1984, m: 5, d: null });
    assert.equal(named(model, 'person.1.birth').problem.code, 'id_differs');
    assert.equal(named(model, 'person.1.sex').problem.code, 'id_differs');
    named(model, 'person.1.birth').offers[0].run();
    assert.equal(named(model, 'person.1.birth').value.y, 1985);
    named(model, 'person.1.sex').offers[1].run();
    assert.equal(named(model, 'person.1.sex').value, 'm');
    assert.equal(named(model, 'person.1.sex').problem, null, 'what was kept is not asked again');
  });
  test('the check of the ID number, by the examples of the standard and invented ones', () => {
    const reference = '2020-11-01';
    for (const right of ['11010519491231002X', '34052419800101001X', '419999198503074514', '419999202001310088', '419999194901011262']) assert.ok(readCitizenId(right, reference).number, right);
    assert.equal(readCitizenId('419999198503074515', reference).fault, 'id_check');
    assert.equal(readCitizenId('419999198502304517', reference).fault, 'id_date');
    assert.equal(readCitizenId('340524800101001', reference).fault, 'id_shape');
  });
  test('the residence status follows and is not asked', () => {
    const model = twoPeople();
    const status = n => named(model, `person.${n}.residence_status`);
    assert.equal(status(1), undefined);
    for (const [d8, slug] of [['1', 'here_registered'], ['2', 'here_elsewhere'], ['3', 'here_elsewhere'], ['4', 'here_elsewhere'], ['5', 'here_pending']]) {
      named(model, 'person.1.registered_at').set(d8);
      assert.equal(status(1).value, slug);
      assert.equal(status(1).readonly, true);
    }
    assert.equal(named(model, 'person.1.time_away'), undefined, 'D9 is not asked where the registration is undetermined');
    assert.equal(status(2).value, 'absent_registered');
    assert.equal(named(model, 'person.2.registered_at').value, '1');
  });
  test('sums come from the list and are confirmed; a change asks again', () => {
    const model = twoPeople();
    assert.equal(named(model, 'household.n_stayed').value, 1);
    assert.equal(named(model, 'household.n_registered_absent').value, 1);
    named(model, 'interview.listed').set(true);
    assert.equal(named(model, 'interview.listed').value, true);
    named(model, 'person').add('here');
    assert.equal(named(model, 'interview.listed').value, false);
    assert.ok(model.problems().some(p => p.code === 'unconfirmed'));
  });
  test('same as above: the answer of somebody listed before', () => {
    const model = twoPeople();
    named(model, 'person').add('here');
    named(model, 'person.1.registered_at').set('4');
    named(model, 'person.1.other_address').set('开封市');
    named(model, 'person.1.ethnicity').set('03');
    named(model, 'person.3.ethnicity').offers[0].run();
    named(model, 'person.3.registered_at').offers[0].run();
    named(model, 'person.3.other_address').offers[0].run();
    assert.equal(named(model, 'person.3.ethnicity').value, '03');
    assert.equal(named(model, 'person.3.registered_at').value, '4');
    assert.equal(named(model, 'person.3.other_address').value, '开封市');
    assert.equal(named(model, 'person.3.ethnicity').offers.length, 0, 'not offered where there is an answer');
  });
  test('D11 and D12 are asked by age', () => {
    const model = twoPeople();
    const asked = (y, m, item) => { named(model, 'person.1.birth').set({ y, m }); return Boolean(named(model, `person.1.${item}`)); };
    assert.deepEqual([asked(2017, 10, 'education'), asked(2017, 11, 'education'), asked(2005, 10, 'literate'), asked(2005, 11, 'literate')], [true, false, true, false]);
  });
  test('born at the reference moment is a fault, an impossible date too', () => {
    const model = twoPeople();
    named(model, 'person.1.birth').set({ y: '2020', m: '11', d: '1' });
    assert.equal(named(model, 'person.1.birth').problem.code, 'born_later');
    named(model, 'person.1.birth').set({ y: '1985', m: '2', d: '30' });
    assert.equal(named(model, 'person.1.birth').problem.code, 'date');
    named(model, 'person.1.birth').set({ d: 'x' });
    assert.equal(named(model, 'person.1.birth').problem.code, 'date');
  });
  test('the head stands first, and another can be made the head', () => {
    const model = twoPeople();
    assert.equal(named(model, 'person.1.relationship').value, 'head');
    assert.ok(!named(model, 'person.2.relationship').options.some(o => o.value === 'head'));
    named(model, 'person.2.name').set('老王');
    named(model, 'person.2.relationship').set('parent');
    named(model, 'person').children[1].actions[0].run();
    assert.equal(named(model, 'person.1.name').value, '老王');
    assert.equal(named(model, 'person.1.relationship').value, 'head');
    assert.equal(named(model, 'person.2.relationship').value, null);
  });
  test('a partial form is taken as it is; a person without a sex is kept beside the list', () => {
    const model = twoPeople();
    named(model, 'person.1.name').set('王芳');
    named(model, 'person.2.name').set('李四');
    named(model, 'person.2.sex').set('m');
    const record = model.finish('partial');
    assert.deepEqual(record.persons.map(p => [p.person_no, p.name]), [[1, '李四']]);
    assert.equal(record.answers.persons_without_sex[0].name, '王芳');
    assert.deepEqual([record.household.n_stayed, record.household.n_registered_absent], [1, 1]);
  });
  test('a household that died out has number 999 and no persons', () => {
    const model = openCensus();
    named(model, 'interview.respondent').set('neighbour');
    named(model, 'household.household_type').set('family');
    assert.ok(model.problems().some(p => p.code === 'nobody'));
    named(model, 'household.deaths_f').set(1);
    named(model, 'interview.listed').set(true);
    const { household: h, persons } = model.finish('complete');
    assert.deepEqual([h.household_no, h.n_stayed, h.n_registered_absent, persons.length], [999, 0, 0, 0]);
  });
  test('a correction starts from the earlier revision and keeps each number that is not typed anew', () => {
    const first = openCensus();
    fillCensus(first, household(11));
    const record = first.finish('complete');
    for (const p of record.persons) delete p.citizen_id;
    const model = openCensus(null, { previous: { id: 'x', revision: 2, record } });
    named(model, 'interview.listed').set(true);
    named(model, 'person.1.name').set('改名');
    const next = model.finish('complete');
    assert.equal(next.persons[0].name, '改名');
    assert.deepEqual(next.persons.map(p => p.citizen_id_from), record.persons.map(p => ({ revision: 2, person_no: p.person_no })));
    const bare = ({ citizen_id_from, name, ...p }) => p;
    assert.deepEqual(next.persons.map(bare), record.persons.map(bare));
    assert.deepEqual(next.household, record.household);
    named(model, 'person.1.citizen_id').set('419999198503074514');
    assert.equal(model.finish('partial').persons[0].citizen_id_from, undefined);
  });
});

// ---------------------------------------------------------------- XForms
describe('forms of the survey\'s own', () => {
  test('every form of the repository opens, has screens and goes on from its draft', async () => {
    for (const sheet of SHEETS) {
      const model = await openXForm(sheet);
      assert.ok(screensOf(model.root).length > 0, sheet);
      const again = await openXForm(sheet, structuredClone(model.draft()));
      assert.deepEqual(again.draft().xml, model.draft().xml, sheet);
    }
  });
  test('the bound door is filled and hidden; a door list has the one door', async () => {
    const model = await openXForm(NEEDS);
    assert.equal(find(model.root, '/data/door'), undefined);
    assert.match(model.draft().xml, new RegExp(`<door>${door.case_id}</door>`));
  });
  test('what a recorded visit says is filled and hidden', async () => {
    const visit = { outcome: 'no_answer', channel: 'telephone', note: 'rang twice' };
    const model = await openXForm('forms/door_visit.xlsx', null, { door: { ...door, visit } });
    for (const name of ['outcome', 'channel', 'note']) {
      assert.equal(find(model.root, `/data/${name}`), undefined, name);
      assert.match(model.draft().xml, new RegExp(`<${name}>${visit[name]}</${name}>`));
    }
  });
  test('relevance, constraints, rank and filtered choices follow, in both languages', async () => {
    const model = await openXForm(NEEDS);
    find(model.root, '/data/needs').set(['lift', 'gas', 'waste']);
    const ranked = find(model.root, '/data/needs_ranked');
    assert.deepEqual(ranked.options.map(o => o.value), ['lift', 'gas', 'waste']);
    ranked.set(['gas', 'lift', 'waste']);
    assert.deepEqual(ranked.value, ['gas', 'lift', 'waste']);
    find(model.root, '/data/needs').set(['lift', 'gas', 'waste', 'green']);
    assert.equal(find(model.root, '/data/needs').problem.text, 'Three at most');
    model.setLanguage(model.languages[0]);
    assert.equal(find(model.root, '/data/needs').problem.text, '最多选三项');
    assert.equal(find(model.root, '/data/home/lift_pay'), undefined);
    find(model.root, '/data/home/lift').set('yes');
    assert.ok(find(model.root, '/data/home/lift_pay'));
  });
  test('a count makes rows; rows with answers go only when somebody agrees', async () => {
    const model = await openXForm(SHORT_XFORM);
    find(model.root, '/data/n_stayed').set(2);
    find(model.root, '/data/n_registered_absent').set(1);
    find(model.root, '/data/person[3]/name').set('老三');
    find(model.root, '/data/person[3]/sex').set('f');
    find(model.root, '/data/n_registered_absent').set(0);
    assert.equal(find(model.root, '/data/person').children.length, 3, 'the row stays until it is agreed');
    assert.equal(find(model.root, '/data/person[3]/name').value, '老三');
    assert.equal(find(model.root, '/data/person[3]/sex').value, 'f');
    assert.match(model.loss.names[0], /老三/);
    model.loss.no();
    assert.equal(find(model.root, '/data/n_registered_absent').value, 1);
    find(model.root, '/data/n_registered_absent').set(0);
    model.loss.run();
    assert.equal(find(model.root, '/data/person').children.length, 2);
    find(model.root, '/data/n_stayed').set(1);
    assert.equal(find(model.root, '/data/person').children.length, 1, 'an empty row goes by itself');
  });
  test('a correction names the instance before it', async () => {
    const first = await openXForm(NEEDS);
    find(first.root, '/data/remark').set('第一次');
    const { id, xml } = await first.finish('partial');
    const model = await openXForm(NEEDS, null, { previous: { id, revision: 1, record: { id, xml } } });
    assert.equal(find(model.root, '/data/remark').value, '第一次');
    const next = await model.finish('partial');
    assert.notEqual(next.id, id);
    assert.match(next.xml, new RegExp(`deprecatedID>uuid:${id}<`));
    assert.equal(next.keep_ids, true);
  });
  test('pictures travel beside the form under ids made from its id, and a draft keeps them', async () => {
    const model = await openXForm('forms/door_visit.xlsx');
    find(model.root, '/data/photo').set(new File([Uint8Array.of(0xff, 0xd8, 1)], 'a.jpg', { type: 'image/jpeg' }));
    const again = await openXForm('forms/door_visit.xlsx', model.draft());
    assert.equal(find(again.root, '/data/photo').value.size, 3, 'it is there at once');
    const { id, files, xml } = await again.finish('partial');
    assert.deepEqual(files.map(f => [f.name, f.id, f.blob.size]), [['a.jpg', uuid5(id, 'a.jpg'), 3]]);
    assert.match(xml, /<photo>a\.jpg<\/photo>/);
  });
  test('an instance declares the prefixes of its attributes, so that it can be read again', async () => {
    const xml = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:own="urn:own"><h:head><h:title>A</h:title><model><instance><data id="a"><q own:mark="1"/><meta><instanceID/></meta></data></instance>
      <bind nodeset="/data/q" type="string"/><bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head><h:body><input ref="/data/q"><label>Q</label></input></h:body></h:html>`;
    const form = { id: 'a', version: '1', xform: async () => xml, file: async () => null };
    const model = await xform.open(form, door, null, given());
    find(model.root, '/data/q').set('x: y');
    const again = await xform.open(form, door, model.draft(), given());
    assert.equal(find(again.root, '/data/q').value, 'x: y');
    assert.match((await again.finish('partial')).xml, /xmlns:own="urn:own"/);
  });
  test('ids made from names are those of the standard', () => {
    assert.equal(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });
});

// ---------------------------------------------------------------- both models of the short form
/** Household, persons and the rest as the bindings of an XForm's instance say it, in the types of the record. */
function boundAnswers(xml, form) {
  const parse = text => new DOMParser().parseFromString(text, 'text/xml');
  const binds = [...parse(form).getElementsByTagName('*')].filter(e => e.localName === 'bind');
  const fields = new Map(binds.map(b => [b.getAttribute('nodeset').split('/').slice(2).join('/'), [b.getAttributeNS('urn:doorknock:xforms', 'field'), b.getAttribute('type')]]));
  const typed = (text, type, field) => {
    if (['int', 'decimal'].includes(type) || /dwelling_kind|stayed_at|registered_at|time_away|education|literate/.test(field)) return Number(text);
    if (field === 'person.birth') return text.slice(0, 7);
    return field === 'person.stayed_here' ? text === 'yes' : text;
  };
  const said = { interview: {}, household: {}, persons: [] };
  const put = (into, element, prefix) => {
    const [field, type] = fields.get(`${prefix}${element.localName}`) ?? [];
    if (field && element.textContent) into[field.split('.')[1]] = typed(element.textContent, type, field);
  };
  for (const element of parse(xml).documentElement.children) {
    const field = fields.get(element.localName)?.[0] ?? '';
    if (element.localName === 'person') {
      const person = {};
      for (const child of element.children) put(person, child, 'person/');
      said.persons.push(person);
    } else put(said[field.startsWith('interview') ? 'interview' : 'household'], element, '');
  }
  return said;
}
const month = ({ y, m }) => `${y}-${String(m).padStart(2, '0')}`;

test(`${HOUSEHOLDS} invented households: the own model and the XForm say the same`, async () => {
  const form = xformOf(SHORT_XFORM);
  for (let seed = 1; seed <= HOUSEHOLDS; seed += 1) {
    const home = household(seed);
    const own = openCensus();
    fillCensus(own, home);
    const record = own.finish('complete');
    const other = await openXForm(SHORT_XFORM);
    fillXForm(other, home);
    const said = boundAnswers((await other.finish('complete')).xml, form);
    const persons = record.persons.map(({ person_no, residence_status, birth, ...p }) => ({ ...p, birth: month(birth) }));
    assert.deepEqual(said.persons.map(p => Object.entries(p).sort()), persons.map(p => Object.entries(p).sort()), `seed ${seed}`);
    assert.deepEqual(Object.entries(said.household).sort(), Object.entries(record.household).sort(), `seed ${seed}`);
    assert.deepEqual([said.interview.respondent, said.interview.address_text], [record.respondent, record.address_text], `seed ${seed}`);
  }
});

test('no word is missing in either language', async () => {
  for (const language of ['zh', 'en']) {
    const model = openCensus(null, { language });
    fillCensus(model, household(3));
    for (const node of all(model.root)) void [node.label, node.hint, node.options, node.problem, node.offers, node.mark];
    model.problems();
  }
  assert.deepEqual([...missing], []);
});

test('numbers as people type them', () => {
  for (const [text, number] of [['12', 12], ['１２', 12], [' 7 ', 7], ['1,200', 1200], ['-3', -3], ['1.5', null], ['x', null], ['', null]]) assert.equal(readNumber(text, true), number, text);
  for (const [text, number] of [['89.5', 89.5], ['８９．５', 89.5], ['.5', 0.5], ['1。5', 1.5], ['1..2', null]]) assert.equal(readNumber(text, false), number, text);
});
