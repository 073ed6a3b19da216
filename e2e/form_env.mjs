// What a browser has and Node.js lacks, for running the page's form models in Node.js: XML parsing by jsdom.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<x/>', { contentType: 'text/xml' });
const names = ['DOMParser', 'XMLSerializer', 'Node', 'Element', 'Document', 'Attr', 'Text', 'XPathResult', 'XPathEvaluator', 'XMLDocument', 'Comment', 'CDATASection', 'CharacterData', 'ProcessingInstruction', 'NodeFilter', 'HTMLElement', 'document'];
for (const name of names) globalThis[name] ??= window[name];
// The engine's parser asks for these where it finds no browser.
globalThis.__filename ??= fileURLToPath(import.meta.url);
globalThis.__dirname ??= fileURLToPath(new URL('.', import.meta.url));
globalThis.require ??= createRequire(import.meta.url);
