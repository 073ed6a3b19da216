// Scales one picture; as a worker's script it does so away from the page: `{ blob, pixels }` in, a Blob or null out.
const MOST_BYTES = 1 << 20;

const toBlob = (canvas, quality) => (canvas.convertToBlob ? canvas.convertToBlob({ type: 'image/jpeg', quality })
  : new Promise((resolve, reject) => canvas.toBlob(b => (b ? resolve(b) : reject(new Error('no picture'))), 'image/jpeg', quality)));

/** Draws `blob` on canvases made by `canvasOf(width, height)`, smaller and coarser until it is small enough. */
export async function scale(blob, pixels, canvasOf) {
  const image = await createImageBitmap(blob);
  for (let [edge, quality] = [pixels, 0.85]; ; [edge, quality] = [edge * 0.8, quality - 0.05]) {
    const factor = Math.min(1, edge / Math.max(image.width, image.height));
    const canvas = canvasOf(Math.max(1, Math.round(image.width * factor)), Math.max(1, Math.round(image.height * factor)));
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    const made = await toBlob(canvas, Math.max(0.5, quality));
    if (made.size <= MOST_BYTES) return made;
  }
}

if (globalThis.DedicatedWorkerGlobalScope) {
  onmessage = async ({ data: { blob, pixels } }) => {
    try { postMessage(await scale(blob, pixels, (w, h) => new OffscreenCanvas(w, h))); } catch { postMessage(null); }
  };
}
