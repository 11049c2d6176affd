// A sheet to draw on: pen, eraser, a brush of noise, a box that blacks out. What is drawn is sent while it is drawn.
import { fromBase64 } from "../shared/base64.js";
import { Brush } from "./brush.js";
import { Ink } from "./ink.js";
import { Paper } from "./paper.js";
import { packedRuns } from "./runs.js";
import { Sending } from "./sending.js";
import { along } from "./stroke.js";
import { Tools } from "./tools.js";

const MOST_UNDO = 20;
const pads = new WeakMap();

class SketchPad {
  constructor(root, data) {
    Object.assign(this, { root, data, ink: new Ink(data), setStateValue: null });
    this.paper = new Paper(root, this.ink);
    this.sending = new Sending((done) => this.send(done));
    this.size = this.find("input");
    this.origin = "drawing"; // or "picture": what the sheet began as
    this.picture = -1; // which of the examples
    this.undo = [];
    this.sends = 0;
    this.brush = new Brush(this.paper, data.k, this);
    this.from = this.last = this.brush.cursor; // where the stroke began, and where it is now
    this.speckled = new Set(); // pixels that this stroke has given a grey
    this.frame = 0;
    this.listenToButtons();
    new Tools(root, (tool) => this.take(tool)).choose("draw");
    if (data.restore) this.put(fromBase64(data.restore), -1);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  say(text) {
    this.find(".said").textContent = text;
  }

  get radius() {
    return (this.size.valueAsNumber * Math.min(this.ink.width, this.ink.height)) / 200;
  }

  // ---- strokes ----
  begin() {
    const { cursor } = this.brush;
    this.remember();
    this.from = this.last = cursor;
    this.speckled.clear();
    if (this.tool === "block") this.wake();
    else {
      this.stamp(...cursor);
      this.changed();
    }
  }

  move(point) {
    if (!this.brush.down || this.tool === "block") {
      this.wake();
      return;
    }
    const steps = along(this.last, point, this.radius, (x, y) => this.stamp(x, y));
    this.last = point;
    if (steps) this.changed();
  }

  end() {
    if (this.tool === "block") this.ink.fill(this.ink.snapped(this.from, this.brush.cursor), 0);
    this.changed(true);
  }

  stamp(x, y) {
    if (this.tool === "noise") this.ink.speckle(x, y, this.radius + this.data.k, this.speckled);
    else this.ink.stamp(x, y, this.radius, this.tool !== "draw");
  }

  // ---- buttons ----
  take(tool) {
    this.tool = tool;
    this.size.disabled = tool === "block";
    this.wake();
  }

  listenToButtons() {
    const example = this.find(".example");
    example.hidden = !this.data.examples.length;
    example.addEventListener("click", () => this.nextExample());
    this.find(".clear").addEventListener("click", () => {
      this.remember();
      this.ink.values.fill(0);
      this.origin = "drawing";
      this.picture = -1;
      this.changed(true);
      this.say("Cleared");
    });
    this.find(".undo").addEventListener("click", () => {
      const last = this.undo.pop();
      if (!last) return;
      [this.ink.values, this.origin] = last;
      this.changed(true);
      this.say("Undone");
    });
  }

  nextExample() {
    this.remember();
    const next = (this.picture + 1) % this.data.examples.length;
    const { pixels, name } = this.data.examples[next];
    this.put(fromBase64(pixels), next);
    this.changed(true);
    this.say(`Test picture: ${name}`);
  }

  put(picture, example) {
    this.ink.become(picture);
    this.origin = "picture";
    this.picture = example;
  }

  remember() {
    this.undo.push([this.ink.values.slice(), this.origin]);
    if (this.undo.length > MOST_UNDO) this.undo.shift();
  }

  // ---- what is sent and what is shown ----
  changed(done = false) {
    this.wake();
    this.sending.due(done, () => this.brush.down);
  }

  send(done) {
    const { width, height } = this.ink;
    this.sends++;
    this.root.dataset.sends = this.sends;
    const ink = packedRuns(this.ink.bytes());
    this.setStateValue("drawing", { size: [height, width], ink, origin: this.origin, picture: this.picture, done });
  }

  wake() {
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  show() {
    this.frame = 0;
    const { empty } = this.ink;
    const { cursor, down, keys, visible } = this.brush;
    this.paper.showInk();
    this.paper.hint.hidden = !empty || keys;
    this.find(".clear").disabled = empty;
    this.find(".undo").disabled = !this.undo.length;
    this.paper.clearMark();
    if (this.tool === "block" && down) this.paper.showBox(this.ink.snapped(this.from, cursor));
    else if (visible) this.paper.showBrush(cursor, this.radius);
  }

  stop() {
    this.sending.stop();
    cancelAnimationFrame(this.frame);
  }
}

/** A sketch pad of this data, in a fresh copy of its elements: without the listeners of the one before. */
function renewed(parent, data) {
  const old = parent.querySelector(".pad");
  const fresh = old.cloneNode(true);
  old.replaceWith(fresh);
  return new SketchPad(fresh, data);
}

export default function ({ data, parentElement, setStateValue }) {
  let pad = pads.get(parentElement);
  if (data && pad?.data.version !== data.version) {
    pad?.stop();
    pad = renewed(parentElement, data);
    pads.set(parentElement, pad);
  }
  if (pad) pad.setStateValue = setStateValue;
  return () => {
    pads.get(parentElement)?.stop();
    pads.delete(parentElement);
  };
}
