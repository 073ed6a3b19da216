// One Chromium for all checks: contexts that are signed in, faults that are collected.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { password } from './service.mjs';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/** A context with language, width and theme, and a page in it whose faults are kept in `faults`. */
export async function open(browser, url, { language = 'en', width = 1440, theme = 'light', script = true, state, scale = 1 } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width > 500 ? 900 : 844 }, colorScheme: theme, reducedMotion: 'reduce', javaScriptEnabled: script,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB', storageState: state, deviceScaleFactor: scale,
  });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', e => faults.push(`script: ${e.message}`));
  page.on('console', m => { if (m.type() === 'error' && !/status of 4\d\d/.test(m.text())) faults.push(`console: ${m.text()}`); });
  page.on('request', r => { if (!r.url().startsWith(url) && !r.url().startsWith('data:') && !r.url().startsWith(`blob:${url}`)) faults.push(`foreign request: ${r.url()}`); });
  return { context, page, faults };
}

export async function signIn(page, url, user = 's01', secret = password) {
  await page.goto(`${url}/login`);
  await page.fill('#user', user);
  await page.fill('#password', secret);
  await page.click('form button.pri');
  await page.waitForURL(`${url}/`);
}

/** Violations of the rules; the script is evaluated, which a strict content policy allows. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(runOnly => axe.run(document, { runOnly }), rules);
  return result.violations.map(v => `${v.id} (${v.impact}) x${v.nodes.length}: ${v.nodes[0].target.join(' ')}`);
}

/** How many pixels a page is wider than its window. */
export const overflow = page => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
