import { inUnit } from "./plane.js";

/** Tiles as a function (share of the way to the right, share of the way up) -> pixels in [0, 1], blended of four.
 *
 * `tiles` are side x side pictures of so many pixels as bytes, row by row from below.
 */
export function tileBlender(tiles, side, pixels) {
  const out = new Float32Array(pixels);
  return (a, b) => {
    const x = inUnit(a) * (side - 1);
    const y = inUnit(b) * (side - 1);
    const i = Math.min(side - 2, Math.floor(x));
    const j = Math.min(side - 2, Math.floor(y));
    const [s, t] = [x - i, y - j];
    const below = (j * side + i) * pixels;
    const above = below + side * pixels;
    const [w0, w1, w2, w3] = [(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t].map((share) => share / 255);
    for (let p = 0; p < pixels; p++) {
      out[p] =
        w0 * tiles[below + p] + w1 * tiles[below + pixels + p] + w2 * tiles[above + p] + w3 * tiles[above + pixels + p];
    }
    return out;
  };
}
