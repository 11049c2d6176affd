import { exactPicture } from "./decoding/pictures.js";

const REST_MS = 160;

/** The exact picture of a panel, from the server once the pointer rests: one request at a time, the newest wins. */
export class Exact {
  constructor(panel, pad) {
    Object.assign(this, { panel, pad, timer: 0, busy: false, again: false });
  }

  /** Ask for it; where there is no picture to look at meanwhile, at once. */
  ask(blended) {
    const wait = blended ? REST_MS : 0;
    const { moves } = this.pad;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(moves, wait), wait);
  }

  async fetch(moves, wait) {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const { panel, pad } = this;
    const got = await exactPicture(panel.run, panel.decoding.codeAt(pad.marks.at), panel.decoding.pixels);
    this.busy = false;
    if (got && (moves === pad.moves || wait === 0)) panel.show(got, pad.marks.at, "exact, computed by the server");
    if (this.again) {
      this.again = false;
      this.ask(false);
    }
  }

  stop() {
    clearTimeout(this.timer);
  }
}
