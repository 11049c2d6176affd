// What a map decodes, and what it asks the server for: layers, blended tiles, exact pictures, test pictures.
const shelf = {}; // bytes that came with the page, by the address at which they would be asked for
const decoders = new Map(); // layers of dense decoders, by address

/** The layers of the decoder at an address of the server, asked for once; null where it does not come. */
function layersAt(address) {
  if (!decoders.has(address)) {
    const bytes = shelf[address] || fetch(new URL(address, document.baseURI)).then(async (answer) => {
      if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    });
    decoders.set(address, Promise.resolve(bytes).then((found) => unpack(found).layers).catch(() => decoders.delete(address) && null));
  }
  return decoders.get(address);
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

/** What a panel can decode at a relative place and its present slider values, with the words that say how it was made.
 *  A decoder that is not in the page is on its way; `arrived` is the promise of its coming, null where it is here. */
function decoding(panel) {
  const latent = panel.origin.length, pixels = panel.shape[0] * panel.shape[1] * panel.shape[2];
  const [left, right, bottom, top] = panel.box;
  const { layers, at, tiles } = panel.decoder;
  let exact = layers && denseNetwork(layers), blend = null, missing = tiles || at ? "the decoder is on its way" : "places of this map cannot be decoded";
  const come = (found) => {
    if (at && found) exact = denseNetwork(found);
    if (tiles && found) blend = tileBlender({ ...panel.decoder, tiles: found }, pixels);
    missing = "the decoder did not come: reload the page";
  };
  const arrived = tiles || at ? (tiles || layersAt(at)).catch(() => null).then(come) : null;
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
    if (!blend) return { pixels: null, how: missing, exact: true };
    if (!atStart()) return { pixels: null, how: "asking the server", exact: false };
    const outside = place.some((share) => share < 0 || share > 1);
    const how = `blended from ${panel.decoder.side}×${panel.decoder.side} tiles, mean error ${panel.decoder.error.toFixed(3)} per pixel`;
    return { pixels: blend(...place), how: outside ? "edge of the tiles" : how, exact: false };
  };
  const relative = (u, v) => [(u - left) / (right - left), (v - bottom) / (top - bottom)];
  return { point, relative, codeAt, picture, possible: Boolean(layers || at || tiles), arrived };
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
