// Taking a picture: camera, scaling to at most 1 MB, thumbnail.
import { html, nothing } from '../../lit.js';

const shown = new WeakMap();
/** An address for a Blob, made once. */
function addressOf(blob) {
  if (!shown.has(blob)) shown.set(blob, URL.createObjectURL(blob));
  return shown.get(blob);
}

async function take(node, view, input) {
  const [file] = input.files;
  if (!file) return;
  const ui = view.ui(node.path);
  try {
    const { scaled } = await import('../../pictures.js');
    const made = await scaled(file, node.maxPixels ?? undefined);
    ui.failed = false;
    node.set(new File([made], `${Date.now()}.jpg`, { type: made.type }));
  } catch { ui.failed = true; }
  input.value = '';
  view.touch(node.path);
}

/** The field of a question of kind `picture`; its value is a File or null. */
export function pictureField(node, view, { described }) {
  const word = node.value ? 'retake' : 'take_picture';
  return html`${node.value ? html`<img class="fm-shot" src=${addressOf(node.value)} alt=${node.label}>` : nothing}
    <div class="row"><label class="btn fm-file" data-act=${node.value ? 'retake' : 'photo'}><input class="vh" type="file" accept="image/*" capture="environment" aria-describedby=${described}
      @change=${e => take(node, view, e.target)}>${view.say(word)}</label>
    ${node.value ? html`<button type="button" class="fm-link" data-act="drop" @click=${() => node.set(null)}>${view.say('drop_picture')}</button>` : nothing}</div>
    ${view.ui(node.path).failed ? html`<p class="fm-problem" role="alert">${view.say('picture_failed')}</p>` : nothing}`;
}
