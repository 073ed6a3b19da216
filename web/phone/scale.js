// A worker of the page: makes one picture small enough. Gets `{ file, edge, most }`, answers `{ blob }` or `{ fault }`.

async function small({ file, edge, most }) {
  const bitmap = await createImageBitmap(file);
  for (let size = edge, quality = 0.85; ; size *= 0.8, quality = 0.7) {
    const ratio = Math.min(1, size / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * ratio), Math.round(bitmap.height * ratio));
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    if (blob.size <= most) return blob;
  }
}

onmessage = async ({ data }) => {
  try {
    postMessage({ blob: await small(data) });
  } catch (error) {
    postMessage({ fault: String(error?.name ?? error) });
  }
};
