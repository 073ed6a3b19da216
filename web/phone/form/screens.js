// From the tree of a form to what stands on one screen. Pure; knows nothing of the page.

/** Loose questions on one screen; questions of a group on one screen. */
const LOOSE = 8, GROUPED = 20;
const isListed = (node, word) => node.appearance.split(' ').includes(word);

/**
 * The screens of a form, in order: `[{ key, title, nodes }]`. `key` is the path of what the screen shows. A group is a screen, so
 * is a person (an item of a repeat); loose questions are gathered. Among `nodes` a group is a heading, a repeat a list of cards.
 */
export function screensOf(root) {
  const screens = [];
  lay(root, { key: null, title: root.label, most: LOOSE, screens });
  return screens;
}

function lay(parent, { key, title, most, screens }) {
  const together = isListed(parent, 'field-list') || parent.kind === 'item';
  const [nodes, later] = [[], []];
  let first = key;
  const flush = () => {
    if (nodes.length) screens.push({ key: first ?? nodes[0].path, title: titleOf(nodes, title), nodes: nodes.splice(0) });
    first = null;
  };
  const layItems = repeat => { for (const item of repeat.children) lay(item, { key: item.path, title: item.label, most: Infinity, screens }); };
  for (const child of parent.children) {
    if (!child.relevant) continue;
    if (child.kind === 'group' && !(together && isListed(parent, 'field-list'))) {
      if (parent.kind === 'item') later.push(() => lay(child, { key: child.path, title: `${title} · ${child.label}`, most: GROUPED, screens }));
      else { flush(); lay(child, { key: child.path, title: child.label || title, most: GROUPED, screens }); }
    } else if (child.kind === 'group') inline(child, nodes, later, layItems);
    else {
      nodes.push(child);
      if (child.kind === 'repeat') later.push(() => layItems(child));
      if (!together && (nodes.length >= most || child.kind === 'repeat')) { flush(); for (const work of later.splice(0)) work(); }
    }
  }
  flush();
  for (const work of later) work();
}

/** A repeat alone on its screen gives it its name. */
const titleOf = (nodes, title) => (nodes.length === 1 && nodes[0].kind === 'repeat' && nodes[0].label) || title;

/** A group within a field list: its heading and its questions stay on the same screen. */
function inline(group, nodes, later, layItems) {
  if (group.label) nodes.push(group);
  for (const child of group.children) {
    if (!child.relevant) continue;
    if (child.kind === 'group') inline(child, nodes, later, layItems);
    else {
      nodes.push(child);
      if (child.kind === 'repeat') later.push(() => layItems(child));
    }
  }
}

/** The place of the screen that shows `path`, -1 where none does. */
export const screenWith = (screens, path) => {
  const exact = screens.findIndex(s => s.key === path);
  return exact >= 0 ? exact : screens.findIndex(s => s.nodes.some(n => n.path === path));
};
