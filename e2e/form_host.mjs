// Serves the form files of the repository with the phone page's policy, and a page that shows one form: for browser tests that need
// no service. `forms` maps an id to the text of an XForm, `media` a name to bytes.
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { extname, normalize } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.xml': 'text/xml', '.csv': 'text/csv', '.svg': 'image/svg+xml', '.png': 'image/png' };
const policy = wasm => `default-src 'none'; script-src 'self'${wasm ? " 'wasm-unsafe-eval'" : ''}; style-src 'self'; img-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
const PAGE = `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Form</title>
<link rel="stylesheet" href="/web/app.css"><link rel="icon" href="/web/icon.svg"><script type="module" src="/host.js"></script></head><body><main><h1 class="vh">Form</h1><div id="form"></div></main></body></html>`;
// The names of codes, which the service adds to the words.
const CODES = {
  zh: { 'respondent.head': '户主', 'respondent.member': '住户成员', 'respondent.neighbour': '邻居', 'respondent.manager': '物业', 'respondent.relative': '亲属', 'household_type.family': '家庭户', 'household_type.collective': '集体户', 'sex.m': '男', 'sex.f': '女', 'relationship.head': '户主', 'relationship.spouse': '配偶', 'relationship.child': '子女' },
  en: { 'respondent.head': 'Head of household', 'respondent.member': 'Household member', 'respondent.neighbour': 'Neighbour', 'respondent.manager': 'Property manager', 'respondent.relative': 'Relative', 'household_type.family': 'Family household', 'household_type.collective': 'Collective household', 'sex.m': 'Male', 'sex.f': 'Female', 'relationship.head': 'Head', 'relationship.spouse': 'Spouse', 'relationship.child': 'Child' },
};

/** Starts it; returns `{ url, forms, media, stop() }`. An address with `nowasm` gets the policy without the word for WebAssembly. */
export async function host(forms = new Map(), media = new Map()) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://host');
    const path = normalize(decodeURIComponent(url.pathname));
    const referer = request.headers.referer ?? '';
    const head = type => ({ 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy(!`${request.url}${referer}`.includes('nowasm')), 'cache-control': 'no-store' });
    const send = (type, body) => { response.writeHead(200, head(type)); response.end(body); };
    const [, folder, name = ''] = path.match(/^\/(\w+)\/(.*)$/) ?? [];
    if (path === '/') send('text/html', PAGE);
    else if (path === '/host.js') send(TYPES['.js'], readFileSync(new URL('form_host_page.js', import.meta.url)));
    else if (folder === 'words') { const l = name.slice(0, 2); send(TYPES['.json'], JSON.stringify({ ...CODES[l], ...JSON.parse(readFileSync(`${root}web/locales/${l === 'zh' ? 'zh-CN' : 'en'}.json`)) })); }
    else if (folder === 'forms' && forms.has(name.slice(0, -4))) send(TYPES['.xml'], forms.get(name.slice(0, -4)));
    else if (folder === 'media' && media.has(name)) send(TYPES[extname(name)] ?? 'application/octet-stream', media.get(name));
    else if (folder === 'web' && existsSync(`${root}${path}`)) { response.writeHead(200, head(TYPES[extname(path)] ?? 'text/plain')); createReadStream(`${root}${path}`).pipe(response); }
    else { response.writeHead(404, head('text/plain')); response.end('not here'); }
  });
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}`, forms, media, stop: () => new Promise(resolve => { server.closeAllConnections(); server.close(resolve); }) };
}
