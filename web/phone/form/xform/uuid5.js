// Ids made from names (UUID version 5), so that the phone and the service call a thing alike without asking each other. Works on
// plain HTTP too, where a browser has no `crypto.subtle`.

const rotate = (n, by) => (n << by) | (n >>> (32 - by));

/** SHA-1 of bytes, as bytes. */
function sha1(bytes) {
  const length = (((bytes.length + 8) >> 6) + 1) << 6;
  const padded = new DataView(new ArrayBuffer(length));
  bytes.forEach((b, i) => padded.setUint8(i, b));
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29));
  padded.setUint32(length - 4, bytes.length << 3);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let at = 0; at < length; at += 64) {
    const words = Array.from({ length: 16 }, (_, i) => padded.getUint32(at + 4 * i));
    for (let i = 16; i < 80; i += 1) words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    let [a, b, c, d, e] = state;
    words.forEach((word, i) => {
      const [mixed, constant] = i < 20 ? [(b & c) | (~b & d), 0x5a827999] : i < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : i < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
      [a, b, c, d, e] = [(rotate(a, 5) + mixed + e + constant + word) | 0, a, rotate(b, 30), c, d];
    });
    [a, b, c, d, e].forEach((n, i) => { state[i] = (state[i] + n) | 0; });
  }
  const out = new DataView(new ArrayBuffer(20));
  state.forEach((n, i) => out.setUint32(4 * i, n));
  return new Uint8Array(out.buffer);
}

/** The UUID that stands for `name` within the UUID `space`. */
export function uuid5(space, name) {
  const prefix = space.replaceAll('-', '').match(/../g).map(h => parseInt(h, 16));
  const hash = sha1(Uint8Array.of(...prefix, ...new TextEncoder().encode(name))).slice(0, 16);
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = [...hash].map(b => b.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
