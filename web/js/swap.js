// Choosing a door loads only the panel beside the grid: the grid stays where it is.

let shown = location.search;

async function choose(event) {
  const link = event.currentTarget;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const panel = document.getElementById('door');
  if (!panel) return;
  event.preventDefault();
  panel.setAttribute('aria-busy', 'true');
  try {
    const url = new URL(link.href);
    const state = new URL(location.href).searchParams.get('state');
    if (state) url.searchParams.set('state', state);
    const answer = await fetch(url, { cache: 'no-store', redirect: 'error' });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = document.adoptNode(page.getElementById('door'));
    panel.replaceWith(fresh);
    for (const other of document.querySelectorAll('.door[aria-current]')) other.removeAttribute('aria-current');
    link.setAttribute('aria-current', 'true');
    history.pushState(null, '', url);
    shown = location.search;
    // Beside the grid the panel is seen at once; below it one has to be taken there.
    if (matchMedia('(max-width:900px)').matches || event.detail === 0) { fresh.scrollIntoView({ block: 'nearest' }); fresh.focus({ preventScroll: true }); }
  } catch {
    location.href = link.href;
  }
}

export function startSwaps(root = document) {
  for (const door of root.querySelectorAll('.door')) door.addEventListener('click', choose);
}

// Back to another door; a jump within the page leaves the query alone.
addEventListener('popstate', () => { if (location.search !== shown) location.reload(); });
