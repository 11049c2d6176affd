import { unpack } from "../../shared/packing.js";

const shelf = {}; // bytes that came with the page, by the address at which they would be asked for
const decoders = new Map(); // layers of dense decoders, by address

/** Bytes that came with the page: whoever wants what is at this address gets them, and no server is asked. */
export function putOnShelf(address, bytes) {
  shelf[address] = bytes;
}

/** The layers of the decoder at an address of the server, asked for once; null where it does not come. */
export function layersAt(address) {
  if (!decoders.has(address)) {
    const bytes = Promise.resolve(shelf[address] || fetched(address));
    const forget = () => decoders.delete(address) && null;
    decoders.set(address, bytes.then((found) => unpack(found).layers).catch(forget));
  }
  return decoders.get(address);
}

async function fetched(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
