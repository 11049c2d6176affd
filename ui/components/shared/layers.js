import { unpack } from "./packing.js";

const shelf = {}; // bytes that came with the page, by the address at which they would be asked for
const networks = new Map(); // layers of dense networks, by address

/** Bytes that came with the page: whoever wants what is at this address gets them, and no server is asked. */
export function putOnShelf(address, bytes) {
  shelf[address] = bytes;
}

/** The layers of the encoder or decoder at an address of the server, asked for once; null where it does not come. */
export function layersAt(address) {
  if (!networks.has(address)) {
    const bytes = Promise.resolve(shelf[address] || fetched(address));
    const forget = () => networks.delete(address) && null;
    networks.set(address, bytes.then((found) => unpack(found).layers).catch(forget));
  }
  return networks.get(address);
}

async function fetched(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
