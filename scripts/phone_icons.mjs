// Draws the icons of the phone's page (web/phone/icon-*.png): a white door on blue, with room around it for masks.
//
//   node scripts/phone_icons.mjs

import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

const BLUE = [11, 87, 164], WHITE = [255, 255, 255];
/** Table of CRC-32 as PNG wants it. */
const TABLE = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc = bytes => (bytes.reduce((c, byte) => TABLE[(c ^ byte) & 0xff] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]), head = Buffer.alloc(4), tail = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  tail.writeUInt32BE(crc(body));
  return Buffer.concat([head, body, tail]);
}

/** The colour at a place of the unit square. */
function colour(x, y) {
  const isDoor = x > 0.34 && x < 0.66 && y > 0.24 && y < 0.76;
  const isKnob = Math.hypot(x - 0.595, y - 0.52) < 0.03;
  return isDoor && !isKnob ? WHITE : BLUE;
}

function png(size) {
  const rows = Buffer.alloc(size * (size * 3 + 1));
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) Buffer.from(colour((x + 0.5) / size, (y + 0.5) / size)).copy(rows, y * (size * 3 + 1) + 1 + x * 3);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

for (const size of [192, 512]) writeFileSync(new URL(`../web/phone/icon-${size}.png`, import.meta.url), png(size));
