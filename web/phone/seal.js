// Copies of interviews that only the service can open, so that the phone can send them again and cannot read them.
// ECDH on P-256 with a key of its own for each record, HKDF-SHA-256, AES-256-GCM; nonce first, the record's id beside it.

const base64url = bytes => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), '')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const bytesOf = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));

/** Whether this browser can seal for this survey. */
export const canSeal = seal => Boolean(seal?.p256 && globalThis.crypto?.subtle);

/** The sealed copy of `record` under the survey's `{ key, p256 }`: a record of type `sealed`. */
export async function sealed(record, { key, p256 }) {
  const { subtle } = crypto, curve = { name: 'ECDH', namedCurve: 'P-256' };
  const theirs = await subtle.importKey('raw', bytesOf(p256), curve, false, []);
  const ours = await subtle.generateKey(curve, true, ['deriveBits']);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: theirs }, ours.privateKey, 256);
  const epk = new Uint8Array(await subtle.exportKey('raw', ours.publicKey));
  const base = await subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const secret = await subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new Uint8Array() }, base,
    { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const nonce = crypto.getRandomValues(new Uint8Array(12)), text = new TextEncoder();
  const body = await subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: text.encode(record.id) }, secret, text.encode(JSON.stringify(record)));
  const box = new Uint8Array([...nonce, ...new Uint8Array(body)]);
  return { type: 'sealed', id: record.id, ...(record.revision ? { revision: record.revision } : {}), key, epk: base64url(epk), box: base64url(box) };
}
