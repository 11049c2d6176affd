import { Brush } from "../sketch_pad/brush.js";
import { Ink } from "../sketch_pad/ink.js";
import { Paper } from "../sketch_pad/paper.js";
import { along } from "../sketch_pad/stroke.js";
import { framed, SIDE } from "./framing.js";

const FINE = 4; // grey values of the sheet for a pixel of the picture, along each side
const BRUSH = 6.2; // radius of the brush, in grey values of the sheet

/** The input: a test picture, or what is drawn on the sheet. */
export class Sheet {
  constructor(root, owner) {
    this.owner = owner; // is told: touched(), changed() and say(text)
    this.ink = new Ink({ height: SIDE, width: SIDE, k: FINE });
    this.paper = new Paper(root, this.ink);
    this.picture = null; // the pixels of the test picture that lies here; null for a drawing
    this.last = [0, 0];
    this.brush = new Brush(this.paper, FINE, this);
  }

  /** What the network is given: 28x28 in [0, 1]. A drawing is framed, a test picture is as it should be. */
  get pixels() {
    return this.picture ?? framed(this.ink.values, this.ink.width);
  }

  get empty() {
    return this.ink.empty;
  }

  /** Lay a test picture on the sheet. */
  put(pixels) {
    this.picture = pixels;
    this.ink.become(pixels.map((value) => 255 * value));
  }

  clear() {
    this.picture = null;
    this.ink.values.fill(0);
  }

  begin() {
    const { cursor } = this.brush;
    this.owner.touched();
    if (this.picture) this.clear(); // a drawing of one's own begins on an empty sheet
    this.last = cursor;
    this.ink.stamp(...cursor, BRUSH, false);
    this.owner.changed();
  }

  move(point) {
    if (!this.brush.down) {
      this.wake();
      return;
    }
    along(this.last, point, BRUSH, (x, y) => this.ink.stamp(x, y, BRUSH, false));
    this.last = point;
    this.owner.changed();
  }

  end() {
    this.wake();
  }

  say(text) {
    this.owner.say(text);
  }

  wake() {
    this.owner.wake();
  }

  show() {
    const { cursor, keys, visible } = this.brush;
    this.paper.showInk();
    this.paper.hint.hidden = !this.empty || keys;
    this.paper.clearMark();
    if (visible) this.paper.showBrush(cursor, BRUSH);
  }
}
