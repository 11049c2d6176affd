import { layersAt } from "../../shared/layers.js";
import { denseNetwork } from "../../shared/network.js";
import { Plane } from "./plane.js";
import { tileBlender } from "./tiles.js";

/** What a panel can decode at a place and at the values of its sliders, with the words that say how it was made.
 *
 * A decoder that is not in the page is on its way; `arrived` is the promise of its coming, null where it is here.
 */
export class Decoding {
  constructor({ shape, decoder, further, ...plane }) {
    const { layers, at, tiles, side, error } = decoder;
    this.plane = new Plane({ ...plane, further });
    this.values = further.map(({ start }) => start);
    this.pixels = shape[0] * shape[1] * shape[2];
    this.possible = Boolean(layers || at || tiles);
    this.missing = tiles || at ? "the decoder is on its way" : "places of this map cannot be decoded";
    this.exact = layers ? denseNetwork(layers) : null;
    this.blend = null;
    this.arrived = null;
    if (at) {
      this.await(layersAt(at), (found) => {
        this.exact = denseNetwork(found);
      });
    }
    if (tiles) {
      this.blended = `blended from ${side}×${side} tiles, mean error ${error.toFixed(3)} per pixel`;
      this.await(tiles, (found) => {
        this.blend = tileBlender(found, side, this.pixels);
      });
    }
  }

  /** Take what is on its way once it is here, if it comes. */
  await(coming, take) {
    this.arrived = coming
      .catch(() => null)
      .then((found) => {
        if (found) take(found);
        this.missing = "the decoder did not come: reload the page";
      });
  }

  codeAt(place) {
    return this.plane.codeAt(place, this.values);
  }

  picture(place) {
    if (this.exact) {
      return { pixels: this.exact(this.codeAt(place)), how: "computed here from the weights, exact", exact: true };
    }
    if (!this.blend) return { pixels: null, how: this.missing, exact: true };
    if (!this.plane.atStart(this.values)) return { pixels: null, how: "asking the server", exact: false };
    const [a, b] = place;
    const outside = a < 0 || a > 1 || b < 0 || b > 1;
    return { pixels: this.blend(a, b), how: outside ? "edge of the tiles" : this.blended, exact: false };
  }
}
