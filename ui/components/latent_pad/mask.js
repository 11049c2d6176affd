// Which dots are chosen, a byte for each, on its way between browser and server.
import { fromBase64, toBase64 } from "../shared/base64.js";

/** A mask as base64, one bit a dot, the lowest bit first; null for none. */
export function bitsOf(mask) {
  if (!mask) return null;
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((bit, i) => {
    if (bit) bytes[i >> 3] |= 1 << (i & 7);
  });
  return toBase64(bytes);
}

/** The mask of n dots that `bitsOf` wrote; null for none. */
export function maskOf(text, n) {
  if (!text) return null;
  const bytes = fromBase64(text);
  return Uint8Array.from({ length: n }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}
