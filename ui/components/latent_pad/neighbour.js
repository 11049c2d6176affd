import { pictureOf } from "./decoding/pictures.js";

const DOT_PX = 12; // so near is "on" a dot
const FETCH_MS = 60; // between two test pictures
const NOBODY = ["no test picture near", "the network was never asked to fill this place"];

/** The test picture nearest to the pointer: its dot is ringed, its picture fetched, one at a time, the newest wins. */
export class Neighbour {
  constructor(pad) {
    Object.assign(this, { pad, dot: undefined, words: "", busy: false });
  }

  /** The pointer is at a place of a panel. */
  look(place, panel) {
    const { index, pixels } = panel.nearest(place);
    const near = index >= 0 && pixels <= Math.max(2 * DOT_PX, panel.surface.clientWidth / 14);
    const dot = near ? index : null;
    this.words = near ? this.told(index, pixels) : "no test picture near here";
    this.pad.marks.dot = dot;
    if (this.dot === dot) return;
    this.dot = dot;
    this.show();
  }

  told(index, pixels) {
    const which = `test picture ${index}, class ${this.pad.dots.className(index)}`;
    return pixels <= DOT_PX ? `on ${which}` : `nearest ${which}`;
  }

  async show() {
    if (this.busy) return;
    this.busy = true;
    const { dot, pad } = this;
    if (dot === null) this.put(null, ...NOBODY);
    else {
      const picture = await pictureOf(pad.header, dot, pad.first.decoding.pixels);
      const detail = picture ? "the nearest to the pointer" : "its data set is not here";
      this.put(picture, `test picture ${dot}, class ${pad.dots.className(dot)}`, detail);
      await new Promise((done) => setTimeout(done, FETCH_MS));
    }
    this.busy = false;
    if (dot !== this.dot) this.show();
  }

  put(picture, words, detail) {
    for (const panel of this.pad.panels) panel.showNear(picture, words, detail);
  }
}

/** Whether a click so many pixels away means a dot. */
export function isHit(pixels) {
  return pixels <= 2 * DOT_PX;
}
