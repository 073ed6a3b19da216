// Opens an XForm in the forms engine that web clients use: `node engine.mjs FOLDER_WITH_NODE_MODULES FORM.xml`.
// Files that the form names are given empty. Exit 0 if a new instance of it could be made.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, file] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
try {
  const { JSDOM } = require('jsdom');
  const { window } = new JSDOM('<x/>', { contentType: 'text/xml' });
  for (const name of ['DOMParser', 'XMLSerializer', 'Node', 'Element', 'Document', 'Attr', 'Text', 'XPathResult', 'XPathEvaluator', 'document', 'XMLDocument', 'Comment', 'CDATASection', 'CharacterData', 'ProcessingInstruction', 'NodeFilter', 'HTMLElement']) {
    if (window[name]) globalThis[name] ??= window[name];
  }
  globalThis.__dirname ??= folder;
  globalThis.__filename ??= file;
  globalThis.require ??= require;
  const engine = await import(pathToFileURL(`${folder}/node_modules/@getodk/xforms-engine/dist/index.js`).href);
  const text = readFileSync(file, 'utf8');
  const answer = (url) => new Response(String(url).endsWith('.xml') ? '<root/>' : String(url).endsWith('.geojson') ? '{"type":"FeatureCollection","features":[]}' : 'name,label\n', { headers: { 'Content-Type': String(url).endsWith('.xml') ? 'text/xml' : 'text/csv' } });
  const config = { fetchFormAttachment: async (url) => answer(url), missingResourceBehavior: 'BLANK' };
  const form = await engine.loadForm(text, config);
  if (form.status === 'failure') throw form.error;
  form.createInstance();
} catch (error) {
  console.error(String(error?.message ?? error).split('\n')[0]);
  process.exit(1);
}
