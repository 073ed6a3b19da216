// The door grid: one tab stop per unit, arrows move, Home and End in the floor, with Ctrl to the first and last door.
// The chips of the legend highlight a look without loading the page again.

const doorsOf = grid => [...grid.querySelectorAll('.door')];

function stopAt(grid, door) {
  for (const other of doorsOf(grid)) other.tabIndex = -1;
  door.tabIndex = 0;
}

function step(grid, cell, event) {
  const row = cell.parentElement;
  const column = [...row.children].indexOf(cell);
  const across = (r) => r && (r.children[Math.min(column, r.children.length - 1)]);
  const all = doorsOf(grid);
  switch (event.key) {
    case 'ArrowRight': return cell.nextElementSibling;
    case 'ArrowLeft': return cell.previousElementSibling?.tagName === 'TD' ? cell.previousElementSibling : null;
    case 'ArrowDown': return across(row.nextElementSibling);
    case 'ArrowUp': return across(row.previousElementSibling);
    case 'Home': return event.ctrlKey ? all[0].closest('td') : row.querySelector('td');
    case 'End': return event.ctrlKey ? all.at(-1).closest('td') : row.lastElementChild;
    default: return undefined;
  }
}

export function startGrids(root = document) {
  for (const grid of root.querySelectorAll('[role=grid]')) {
    const all = doorsOf(grid);
    if (all.length) stopAt(grid, all.find(d => d.hasAttribute('aria-current')) ?? all[0]);
    grid.addEventListener('keydown', event => {
      const cell = event.target.closest('td');
      if (!cell || event.altKey || event.metaKey) return;
      const to = step(grid, cell, event);
      if (to === undefined) return;
      event.preventDefault();
      const door = to?.querySelector('.door');
      if (door) { stopAt(grid, door); door.focus(); }
    });
    grid.addEventListener('focusin', event => { if (event.target.matches('.door')) stopAt(grid, event.target); });
  }
  for (const chip of root.querySelectorAll('.chip')) chip.addEventListener('click', event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const was = chip.hasAttribute('aria-current');
    const look = was ? null : chip.dataset.look;
    for (const other of document.querySelectorAll('.chip')) other.removeAttribute('aria-current');
    if (!was) chip.setAttribute('aria-current', 'true');
    for (const door of document.querySelectorAll('.door')) door.classList.toggle('dim', look !== null && door.dataset.look !== look);
    const url = new URL(location.href);
    if (look) url.searchParams.set('state', look); else url.searchParams.delete('state');
    history.replaceState(null, '', url);
  });
}
