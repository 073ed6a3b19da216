// Pictures: made small on the phone, kept as they will be sent, sent in pieces after the record that names them.

import { call, Refused } from './api.js';
import { enrolment, model, setMeta, write } from './store.js';

const PIECE = 256 << 10;
/** Longest edge in pixels and largest file in bytes. */
const EDGE = 1600, MOST_BYTES = 1_000_000;

/** A picture of at most 1,600 pixels and 1 MB, as JPEG. Made in a worker where the browser can, else in the page. */
export async function scaled(file, edge = EDGE) {
  if (globalThis.isSecureContext && 'OffscreenCanvas' in globalThis) {
    try { return await inWorker(file, edge); } catch { /* as in the page */ }
  }
  return inPage(file, edge);
}

function inWorker(file, edge) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./scale.js', import.meta.url), { type: 'module' });
    const end = done => value => { worker.terminate(); done(value); };
    worker.onmessage = ({ data }) => (data.blob ? end(resolve)(data.blob) : end(reject)(new Error(data.fault)));
    worker.onerror = end(reject);
    worker.postMessage({ file, edge, most: MOST_BYTES });
  });
}

async function inPage(file, edge) {
  const bitmap = await createImageBitmap(file);
  const canvas = document.createElement('canvas');
  for (let size = edge, quality = 0.85; ; size *= 0.8, quality = 0.7) {
    const ratio = Math.min(1, size / Math.max(bitmap.width, bitmap.height));
    canvas.width = Math.round(bitmap.width * ratio);
    canvas.height = Math.round(bitmap.height * ratio);
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise(resolve => { canvas.toBlob(resolve, 'image/jpeg', quality); });
    if (blob.size <= MOST_BYTES) return blob;
  }
}

/** Sends every picture whose record is with the service. A limit of the day stops the pictures alone. */
export async function sendPictures(touch) {
  if ((model.meta.pictures_wait_until ?? 0) > Date.now()) return;
  for (const photo of model.photos.filter(p => p.is_ready && !p.fault)) {
    await touch();
    try {
      await sendPicture(photo);
      await write(['photos'], tx => tx.store.delete(photo.id));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.slug === 'device-quota') {
        await setMeta('pictures_wait_until', Date.now() + Math.max(error.retryAfter ?? 600_000, 60_000));
        return;
      }
      if (![409, 413, 415, 422].includes(error.status)) throw error;
      await write(['photos'], tx => tx.store.put({ ...photo, fault: error.slug }));
    }
  }
}

async function sendPicture({ id, blob }) {
  const { token } = enrolment(), path = `/v1/attachments/${id}`;
  let at = await arrived(path, token), moved = 0;
  while (at < blob.size) {
    const piece = blob.slice(at, at + PIECE);
    const headers = { 'content-range': `bytes ${at}-${at + piece.size - 1}/${blob.size}`, 'content-type': blob.type || 'image/jpeg' };
    try {
      await call('PUT', path, { token, body: piece, headers });
      at += piece.size;
    } catch (error) {
      const wanted = Number(error.headers?.get('upload-offset') ?? NaN);
      if (error.slug !== 'wrong-offset' || !Number.isFinite(wanted) || moved > 3) throw error;
      moved += 1;
      at = wanted;
    }
  }
}

async function arrived(path, token) {
  try {
    const { headers } = await call('HEAD', path, { token });
    return Number(headers.get('upload-offset') ?? 0);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return 0;
    throw error;
  }
}
