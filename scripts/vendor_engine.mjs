#!/usr/bin/env node
// Bundles the forms engine into one file: `node scripts/vendor_engine.mjs VERSION OUT_DIR`. It comes as modules that a browser would
// fetch one by one. Writes xforms-engine.js, LICENSES.txt (the licence of every package whose code is in the bundle, found by its
// source maps) and VERSIONS.txt. Needs npm; run through `make vendor`, the result is committed.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENGINE = '@getodk/xforms-engine', ESBUILD = '0.28.2';
const [version, out] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'engine-'));
const npm = (...args) => execFileSync('npm', args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const modules = join(work, 'node_modules');

/** Packages whose sources a map names. */
function packagesIn(map) {
  const { sources } = JSON.parse(readFileSync(map, 'utf8'));
  return sources.map(s => s.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean);
}
const mapsOf = name => readdirSync(join(modules, name, 'dist')).filter(f => f.endsWith('.js.map')).map(f => join(modules, name, 'dist', f));

/** Unpacks a package alone, without what it depends on. */
function fetch(name) {
  const archive = npm('pack', '--silent', name).trim().split('\n').pop();
  const dir = join(modules, name.replace(/(.)@.*$/, '$1'));
  mkdirSync(dir, { recursive: true });
  execFileSync('tar', ['-xzf', join(work, archive), '-C', dir, '--strip-components=1']);
}

/** What a package says of itself, and the text of its licence where it carries one. */
function describe(name) {
  const dir = join(modules, name);
  const about = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  const file = readdirSync(dir).find(f => /^licen[cs]e/i.test(f));
  return { name, version: about.version, licence: about.license, text: file ? readFileSync(join(dir, file), 'utf8').trim() : null };
}

writeFileSync(join(work, 'package.json'), '{"private":true}');
npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', `${ENGINE}@${version}`, `esbuild@${ESBUILD}`);
const { devDependencies } = JSON.parse(readFileSync(join(modules, ENGINE, 'package.json'), 'utf8'));
fetch(`@getodk/xpath@${devDependencies['@getodk/xpath']}`);
const inside = new Set([ENGINE, '@getodk/xpath', ...packagesIn(join(modules, ENGINE, 'dist/index.js.map')), ...mapsOf('@getodk/xpath').flatMap(packagesIn)]);
for (const name of inside) if (!existsSync(join(modules, name))) fetch(devDependencies[name] ? `${name}@${devDependencies[name]}` : name);

mkdirSync(out, { recursive: true });
writeFileSync(join(work, 'entry.mjs'), `export { loadForm } from '${ENGINE}';\n`);
execFileSync(join(modules, '.bin/esbuild'), ['entry.mjs', '--bundle', '--minify', '--format=esm', '--target=chrome97', '--legal-comments=none', '--log-level=warning',
  `--banner:js=/* ${ENGINE} ${version}; licences of all that is in it: LICENSES.txt */`, `--outfile=${join(work, 'xforms-engine.js')}`], { cwd: work, stdio: 'inherit' });
copyFileSync(join(work, 'xforms-engine.js'), join(out, 'xforms-engine.js'));

const all = [...inside].sort().map(describe);
const apache = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../LICENSE-APACHE'), 'utf8').trim();
const unknown = all.filter(p => !p.text && p.licence !== 'Apache-2.0');
if (unknown.length) throw new Error(`no licence text: ${unknown.map(p => p.name).join(', ')}`);
const rule = '-'.repeat(78);
const texts = all.map(p => `${rule}\n${p.name} ${p.version} (${p.licence})\n${rule}\n${p.text ?? 'Licensed under the Apache License, Version 2.0; its text stands at the end of this file.'}`);
writeFileSync(join(out, 'LICENSES.txt'), `${texts.join('\n\n')}\n\n${rule}\nApache License, Version 2.0\n${rule}\n${apache}\n`);
writeFileSync(join(out, 'VERSIONS.txt'), `${all.map(p => `${p.name} ${p.version} ${p.licence}`).join('\n')}\nbundled with esbuild ${ESBUILD}\n`);
rmSync(work, { recursive: true, force: true });
