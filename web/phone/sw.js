// Keeps the shell on the phone: the whole set under its version or nothing. `SHELL` stands above, written by the service.
// It never answers for /v1/ and never keeps anything from there.

const NAME = `phone-shell-${SHELL.version}`, LIBRARIES = 'phone-libraries', PAGE = '/phone/';

addEventListener('install', event => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    try {
      await cache.addAll([PAGE, '/phone/manifest.webmanifest', ...SHELL.files].map(path => new Request(path, { cache: 'reload' })));
    } catch (error) {
      await caches.delete(NAME);
      throw error;
    }
  })());
});

addEventListener('activate', event => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith('phone-shell-') && name !== NAME) await caches.delete(name);
    await clients.claim();
  })());
});

// A new version takes over when a page that is just starting says so, never under an open form.
addEventListener('message', event => { if (event.data === 'take-over') skipWaiting(); });

/** A library is kept when it was first asked for; its name holds its version, so it outlives the shell. */
async function library(request, path) {
  const cache = await caches.open(LIBRARIES), key = path.replace(/^\/phone\/f\/[^/]+/, '');
  const kept = await cache.match(key);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(key, response.clone());
  return response;
}

async function answer(request, path) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request.mode === 'navigate' ? PAGE : request);
  if (kept) return kept;
  return path.includes('/vendor/') ? library(request, path) : fetch(request);
}

addEventListener('fetch', event => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== location.origin || !pathname.startsWith('/phone')) return;
  event.respondWith(answer(event.request, pathname));
});
