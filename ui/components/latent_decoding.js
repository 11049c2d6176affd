// From the bytes of the page to pictures: the dense forward pass, exact, and the blend of four tiles.
const bends = {
  relu: (v) => (v > 0 ? v : 0),
  silu: (v) => v / (1 + Math.exp(-v)),
  tanh: Math.tanh,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  linear: (v) => v,
};
const kinds = { f2: Uint16Array, f4: Float32Array, u1: Uint8Array, i4: Int32Array };

/** Half precision, as bits, to ordinary numbers: sign, five bits of exponent, ten of fraction. */
function fromHalves(bits) {
  return Float32Array.from(bits, (half) => {
    const exponent = (half >> 10) & 31, fraction = (half & 1023) / 1024;
    return (half & 0x8000 ? -1 : 1) * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
}

/** The header of the bytes that packing.py made, every reference in it replaced by its array. */
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const body = bytes.slice(4 + length).buffer;
  const resolve = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (value.kind in kinds && "offset" in value) {
      const found = new kinds[value.kind](body, value.offset, value.length);
      return value.kind === "f2" ? fromHalves(found) : found;
    }
    if (Array.isArray(value)) return value.map(resolve);
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolve(part)]));
  };
  return resolve(header);
}

/** Layers as a function code -> pixels; the arrays between the layers are made once and used again. */
function denseDecoder(layers) {
  const between = layers.map((layer) => new Float32Array(layer.bias.length));
  return (code) => layers.reduce((h, { weight, bias, activation }, k) => {
    const out = between[k], inputs = h.length, bend = bends[activation];
    for (let i = 0, at = 0; i < out.length; i++) {
      let sum = bias[i];
      for (let j = 0; j < inputs; j++, at++) sum += weight[at] * h[j];
      out[i] = bend(sum);
    }
    return out;
  }, code);
}

/** Tiles as a function (share of the way to the right, share of the way up) -> pixels in [0, 1]. */
function tileBlender({ tiles, side }, pixels) {
  const out = new Float32Array(pixels);
  return (a, b) => {
    const x = Math.min(1, Math.max(0, a)) * (side - 1), y = Math.min(1, Math.max(0, b)) * (side - 1);
    const i = Math.min(side - 2, Math.floor(x)), j = Math.min(side - 2, Math.floor(y));
    const s = x - i, t = y - j, first = (j * side + i) * pixels, above = first + side * pixels;
    const w = [(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t].map((share) => share / 255);
    for (let p = 0; p < pixels; p++) {
      out[p] = w[0] * tiles[first + p] + w[1] * tiles[first + pixels + p] + w[2] * tiles[above + p] + w[3] * tiles[above + pixels + p];
    }
    return out;
  };
}

/** What a panel can decode at a relative place and its present slider values, with the words that say how it was made. */
function decoding(panel) {
  const latent = panel.origin.length, pixels = panel.shape[0] * panel.shape[1] * panel.shape[2];
  const [left, right, bottom, top] = panel.box;
  const exact = panel.decoder.layers && denseDecoder(panel.decoder.layers);
  const blend = panel.decoder.tiles && tileBlender(panel.decoder, pixels);
  const code = new Float32Array(latent);
  const point = ([a, b]) => [left + a * (right - left), bottom + b * (top - bottom)];
  const codeAt = (place) => {
    const [u, v] = point(place);
    for (let d = 0; d < latent; d++) code[d] = panel.origin[d] + u * panel.axes[d] + v * panel.axes[latent + d];
    panel.further.forEach(({ vector }, k) => { for (let d = 0; d < latent; d++) code[d] += panel.values[k] * vector[d]; });
    return code;
  };
  const atStart = () => panel.further.every(({ start, low, high }, k) => Math.abs(panel.values[k] - start) < 1e-3 * (high - low));
  const picture = (place) => {
    if (exact) return { pixels: exact(codeAt(place)), how: "computed here from the weights, exact", exact: true };
    if (!blend) return { pixels: null, how: "places of this map cannot be decoded", exact: true };
    if (!atStart()) return { pixels: null, how: "asking the server", exact: false };
    const outside = place.some((share) => share < 0 || share > 1);
    const how = `blended from ${panel.decoder.side}×${panel.decoder.side} tiles, mean error ${panel.decoder.error.toFixed(3)} per pixel`;
    return { pixels: blend(...place), how: outside ? "edge of the tiles" : how, exact: false };
  };
  const relative = (u, v) => [(u - left) / (right - left), (v - bottom) / (top - bottom)];
  return { point, relative, codeAt, picture, possible: Boolean(exact || blend) };
}

/** The exact picture of a code, from the server; null where it has none to give. */
async function askServer(run, code, pixels) {
  if (!run) return null;
  try {
    const text = Array.from(code, (value) => value.toPrecision(6)).join(",");
    const answer = await fetch(new URL(`api/decode/${encodeURIComponent(run)}?code=${text}`, document.baseURI));
    const bytes = answer.ok && new Uint8Array(await answer.arrayBuffer());
    return bytes && bytes.length === pixels ? Float32Array.from(bytes, (value) => value / 255) : null;
  } catch { return null; }
}

const known = new Map(); // pictures of dots, by address
/** A test picture of a data set, from the server or from memory; null where its files are absent. */
async function testPicture(dataset, index, pixels) {
  const address = new URL(`api/picture/${encodeURIComponent(dataset)}/${index}`, document.baseURI).href;
  if (!known.has(address)) {
    if (known.size > 2000) known.clear();
    known.set(address, fetch(address).then(async (answer) => {
      const bytes = answer.ok && new Uint8Array(await answer.arrayBuffer());
      return bytes && bytes.length === pixels ? Float32Array.from(bytes, (value) => value / 255) : null;
    }).catch(() => null));
  }
  return known.get(address);
}

/** The test picture of a dot: from the page where it came along, else from the server; null where neither has it. */
async function pictureOf({ pictures, dataset }, index, pixels) {
  if (pictures) return Float32Array.from(pictures.subarray(index * pixels, (index + 1) * pixels), (value) => value / 255);
  return dataset ? testPicture(dataset, index, pixels) : null;
}
