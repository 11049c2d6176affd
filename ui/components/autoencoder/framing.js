// A drawing becomes a picture the way the makers of MNIST made theirs; the same as mnist_framing in
// ae_core/datasets/framing.py: the ink in a box of 20x20, its centre of mass in the middle of 28x28.
const INK = 0.02; // brighter than this belongs to the drawing
const BOX = 20;
export const SIDE = 28;

/** A whole number, halves to the even one, as Python rounds. */
export function rounded(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 ? low + 1 : low;
}

/** Top, bottom, left and right of the ink in a drawing of so many columns; null where there is none. */
export function inkBox(drawing, columns) {
  let [top, bottom, left, right] = [Number.POSITIVE_INFINITY, -1, Number.POSITIVE_INFINITY, -1];
  drawing.forEach((value, at) => {
    if (!(value > INK)) return;
    const [j, i] = [Math.floor(at / columns), at % columns];
    top = Math.min(top, j);
    bottom = Math.max(bottom, j + 1);
    left = Math.min(left, i);
    right = Math.max(right, i + 1);
  });
  return bottom < 0 ? null : [top, bottom, left, right];
}

/** For each of `count` equal intervals, the old ones from `first` to `last` that it covers, each with its share. */
function shares(first, last, count) {
  const step = (last - first) / count;
  return Array.from({ length: count }, (_, k) => {
    const [begin, end] = [first + k * step, first + (k + 1) * step];
    const covered = [];
    for (let old = Math.floor(begin); old < Math.min(last, end); old++) {
      const share = (Math.min(end, old + 1) - Math.max(begin, old)) / step;
      if (share > 0) covered.push([old, share]);
    }
    return covered;
  });
}

/** A part of a drawing of so many columns at another size: each new pixel is the mean of the area it covers. */
export function resized(drawing, columns, [top, bottom, left, right], height, width) {
  const [down, across] = [shares(top, bottom, height), shares(left, right, width)];
  const out = new Float32Array(height * width);
  down.forEach((rows, j) => {
    across.forEach((parts, i) => {
      let sum = 0;
      for (const [row, tall] of rows) {
        for (const [column, wide] of parts) sum += tall * wide * drawing[row * columns + column];
      }
      out[j * width + i] = Math.min(1, Math.max(0, sum));
    });
  });
  return out;
}

/** Where a small picture begins so that its centre of mass is nearest to the middle: row and column. */
function corner(small, height, width) {
  let [mass, down, across] = [1e-9, 0, 0];
  small.forEach((value, at) => {
    mass += value;
    down += value * Math.floor(at / width);
    across += value * (at % width);
  });
  const begin = (centre, size) => Math.min(Math.max(0, rounded(SIDE / 2 - centre / mass)), SIDE - size);
  return [begin(down, height), begin(across, width)];
}

/** A drawing in [0, 1], light on dark, row after row of so many columns, as MNIST would show it: 28x28. */
export function framed(drawing, columns) {
  const page = new Float32Array(SIDE * SIDE);
  const box = inkBox(drawing, columns);
  if (!box) return page;
  const [top, bottom, left, right] = box;
  const scale = BOX / Math.max(bottom - top, right - left);
  const size = (length) => Math.max(1, rounded(length * scale));
  const [height, width] = [size(bottom - top), size(right - left)];
  const small = resized(drawing, columns, box, height, width);
  const [row, column] = corner(small, height, width);
  for (let j = 0; j < height; j++) {
    page.set(small.subarray(j * width, (j + 1) * width), (row + j) * SIDE + column);
  }
  return page;
}
