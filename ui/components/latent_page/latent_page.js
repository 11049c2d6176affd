// The latent pad on a page of its own: all that it needs lies in the page, and there is nobody to tell.

import { Pad } from "../latent_pad/pad.js";
import { fromBase64 } from "../shared/base64.js";
import { putOnShelf } from "../shared/layers.js";
import { unpack } from "../shared/packing.js";

const { pad, shelf } = JSON.parse(document.getElementById("data").textContent);
for (const [address, text] of Object.entries(shelf)) putOnShelf(address, fromBase64(text));
new Pad(document.querySelector(".pad"), () => {}, unpack(fromBase64(pad)));
