// "?" opens the list of keys; elsewhere a letter presses the button that shows it. Letters act only outside fields, and can
// be switched off (WCAG 2.1.4).

const KEY = 'doorknock-letters';
const areOn = () => { try { return localStorage.getItem(KEY) !== 'off'; } catch { return true; } };

export function startKeys() {
  const box = document.querySelector('[data-letters]');
  if (box) {
    box.checked = areOn();
    box.addEventListener('change', () => { try { localStorage.setItem(KEY, box.checked ? 'on' : 'off'); } catch { /* kept for this page only */ } });
  }
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.key.length !== 1 || !areOn()) return;
    if (event.target.closest('input, select, textarea, [contenteditable]')) return;
    if (event.key === '?') location.href = '/about#k-keys';
    else document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]:not([disabled])`)?.click();
  });
}
