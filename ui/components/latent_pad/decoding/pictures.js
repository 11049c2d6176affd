// Pictures that only the server has: exact ones of a code, and those of a test set.
import { shares } from "../../shared/picture.js";

const MOST_KNOWN = 2000;
const known = new Map(); // pictures of dots, by address

/** The pixels at an address of the server, in [0, 1]; null where it has not just so many. */
async function pixelsAt(address, count) {
  try {
    const answer = await fetch(address);
    const bytes = answer.ok && new Uint8Array(await answer.arrayBuffer());
    return bytes && bytes.length === count ? shares(bytes) : null;
  } catch {
    return null;
  }
}

const addressOf = (path) => new URL(path, document.baseURI).href;

/** The exact picture of a code, from the server; null where it has none to give. */
export async function exactPicture(run, code, pixels) {
  if (!run) return null;
  const text = Array.from(code, (value) => value.toPrecision(6)).join(",");
  return pixelsAt(addressOf(`api/decode/${encodeURIComponent(run)}?code=${text}`), pixels);
}

/** A test picture of a data set, from the server or from memory; null where its files are absent. */
function testPicture(dataset, index, pixels) {
  const address = addressOf(`api/picture/${encodeURIComponent(dataset)}/${index}`);
  if (!known.has(address)) {
    if (known.size > MOST_KNOWN) known.clear();
    known.set(address, pixelsAt(address, pixels));
  }
  return known.get(address);
}

/** The test picture of a dot: from the page where it came along, else from the server; null where neither has it. */
export async function pictureOf({ pictures, dataset }, index, pixels) {
  if (pictures) return shares(pictures.subarray(index * pixels, (index + 1) * pixels));
  return dataset ? testPicture(dataset, index, pixels) : null;
}
