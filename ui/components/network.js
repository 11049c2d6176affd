// From the bytes of the page to a dense network and its pictures; the pads and the start page run it.
const bends = {
  relu: (v) => (v > 0 ? v : 0),
  silu: (v) => v / (1 + Math.exp(-v)),
  tanh: Math.tanh,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  linear: (v) => v,
};
const kinds = { f2: Uint16Array, f4: Float32Array, u1: Uint8Array, i4: Int32Array, z1: Uint8Array };

let halves; // all 65 536 numbers in half precision, by their bits: sign, five bits of exponent, ten of fraction

/** Half precision, as bits, to ordinary numbers. */
function fromHalves(bits) {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, half) => {
    const exponent = (half >> 10) & 31, fraction = (half & 1023) / 1024;
    return (half & 0x8000 ? -1 : 1) * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = halves[bits[i]];
  return numbers;
}

/** Deflated bytes, as a promise of what they were. */
const inflated = async (bytes) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());

/** The header of the bytes that packing.py made, every reference in it replaced by its array, or by a promise of it. */
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const body = bytes.slice(4 + length).buffer;
  const resolve = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (value.kind in kinds && "offset" in value) {
      const found = new kinds[value.kind](body, value.offset, value.length);
      return value.kind === "f2" ? fromHalves(found) : value.kind === "z1" ? inflated(found) : found;
    }
    if (Array.isArray(value)) return value.map(resolve);
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolve(part)]));
  };
  return resolve(header);
}

/** Dense layers as a function, of a code to pixels or the other way; the arrays between them are made once and used again. */
function denseNetwork(layers) {
  const between = layers.map((layer) => new Float32Array(layer.bias.length));
  return (input) => layers.reduce((h, { weight, bias, activation }, k) => {
    const out = between[k], inputs = h.length, bend = bends[activation];
    for (let i = 0, at = 0; i < out.length; i++) {
      let sum = bias[i];
      for (let j = 0; j < inputs; j++, at++) sum += weight[at] * h[j];
      out[i] = bend(sum);
    }
    return out;
  }, input);
}

/** Pixels in [0, 1], laid out (channels, height, width), onto a canvas of just that many pixels. */
function paint(canvas, pixels, [channels, height, width]) {
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height), area = width * height;
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      const value = pixels[channels === 3 ? c * area + i : i];
      picture.data[4 * i + c] = value <= 0 ? 0 : value >= 1 ? 255 : Math.round(255 * value);
    }
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}
