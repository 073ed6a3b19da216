// The smallest page around a form, for tests: drafts in IndexedDB, what was finished in `window.finished`.
import { openDB } from '/web/vendor/idb-8.0.4/build/index.js';
import { mountForm, offerMore, warmUp } from '/web/phone/form/index.js';

const query = new URLSearchParams(location.search);
const language = query.get('lang') ?? 'zh';
document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
const [db, words] = await Promise.all([openDB('host', 1, { upgrade: d => d.createObjectStore('drafts') }), (await fetch(`/words/${language}.json`)).json()]);
const strings = (key, places = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => places[name] ?? '');
const id = query.get('form') ?? 'census_short';
const fetched = async path => { const r = await fetch(path); return r.ok ? r : null; };
const form = id === 'census_short' && !query.has('xform') ? { id, version: '', role: 'main' } : {
  id, version: '1', role: 'extra', title: id, xform: async () => (await fetched(`/forms/${id}.xml`)).text(), file: async name => (await fetched(`/media/${name}`))?.blob() ?? null,
};
const door = {
  case_id: '5b1c9b1e-7c0c-5d0a-9d59-1d1f4f1c2a10', building: '6', building_name: '6号楼', unit: '2', room: '301', floor: 3, address: '6-2-301', household: 1, state: 'new',
  survey: { id: 'census-2020', reference_at: '2020-11-01T00:00:00+08:00', time_zone: 'Asia/Shanghai', district: '410181' },
};
Object.assign(window, { finished: null, left: null, saves: 0, warmUp, refuseDrafts: false });

const root = document.getElementById('form');
if (query.has('more')) {
  offerMore({ root, forms: [{ id: 'needs', title: 'Needs', title_zh: '居民需求', minutes: 3 }], language, strings, onAnswer: (answer, f) => { window.finished = { answer, form: f.id }; } });
} else {
  const began = performance.now();
  const draft = (await db.get('drafts', id)) ?? null;
  window.mounted = mountForm({
    root, form, door, draft, language, strings, previous: null,
    onDraft: async data => {
      if (window.refuseDrafts) throw new Error('the storage is full');
      await db.put('drafts', data, id);
      window.saves += 1;
    },
    onFinish: async result => { window.finished = result; await db.delete('drafts', id); },
    onLeave: async why => { window.left = why; if (why === 'nothing') await db.delete('drafts', id); },
  });
  addEventListener('popstate', () => window.mounted.wentBack());
  const watch = new MutationObserver(() => { if (root.querySelector('[data-screen]')) { window.openedMs = performance.now() - began; watch.disconnect(); } });
  watch.observe(root, { childList: true, subtree: true });
  if (root.querySelector('[data-screen]')) window.openedMs = performance.now() - began;
}
window.hostReady = true;
