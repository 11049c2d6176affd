import { caption } from "../shared/caption.js";
import { make } from "../shared/element.js";
import { paint } from "../shared/picture.js";
import { Decoding } from "./decoding/decoding.js";
import { crowd, inside, nearest } from "./geometry.js";

const CROWD = 1 / 40; // of the map's width: so near lies what is counted at a place

/** One panel: its map and its picture on the page, and the questions one asks of a map. */
export class Panel {
  constructor(data, dots, hasMap) {
    Object.assign(this, data, { dots, hasMap, decoding: new Decoding(data) });
    this.plane = this.decoding.plane;
    this.width = data.box[1] - data.box[0];
    this.blank = new Float32Array(this.decoding.pixels);
    this.makeMap();
    this.makePictures();
    this.makeElement();
  }

  makeMap() {
    const name = `${this.title}: map of ${this.dots.labels.length} codes.`;
    this.base = make("canvas", "dots", { "aria-hidden": "true" });
    this.surface = make("canvas", "marks", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "map",
      "aria-label": `${name} Arrow keys move the pointer, Enter pins a point, Escape clears.`,
    });
  }

  makePictures() {
    this.output = make("canvas", "output", { role: "img", "aria-label": "" });
    this.near = make("canvas", "near", { role: "img", "aria-label": "" });
    this.caption = make("figcaption");
    this.nearCaption = make("figcaption");
    for (const canvas of [this.output, this.near]) paint(canvas, this.blank, this.shape);
  }

  makeElement() {
    const [across, up] = this.names;
    const axes = make("small", "axes", {}, `→ ${across}${up ? `   ↑ ${up}` : "; the height says nothing"}`);
    const neighbour = make("figure", "neighbour", {}, this.near, this.nearCaption);
    const side = make("div", "side", {}, make("figure", "", {}, this.output, this.caption), neighbour);
    const chart = make("div", "chart", {}, make("div", "map", {}, this.base, this.surface), axes);
    const title = this.title ? [make("h2", "", {}, this.title)] : [];
    this.element = make("section", "panel", {}, ...title, make("div", "shown", {}, side, chart));
    this.element.classList.toggle("no-map", !this.hasMap);
    this.element.classList.toggle("no-picture", !this.decoding.possible);
    this.element.classList.toggle("waiting", Boolean(this.decoding.arrived));
  }

  get waiting() {
    return this.element.classList.contains("waiting");
  }

  /** Show pixels (null keeps the picture that is there) and say how they were made. */
  show(pixels, place, how) {
    if (pixels) paint(this.output, pixels, this.shape);
    const where = this.hasMap ? `decoded at ${this.told(place)}` : "decoded from the sliders";
    caption(this.caption, where.replaceAll("-", "−"), how);
    this.output.setAttribute("aria-label", `${this.title} picture ${where}, ${how}`);
  }

  told(place) {
    const [u, v] = this.plane.point(place);
    return this.names[1] ? `${u.toFixed(2)}, ${v.toFixed(2)}` : u.toFixed(2);
  }

  /** Show the nearest test picture (null: there is none) and say which it is. */
  showNear(pixels, words, detail) {
    paint(this.near, pixels || this.blank, this.shape);
    this.near.classList.toggle("none", !pixels);
    caption(this.nearCaption, words, detail);
    this.near.setAttribute("aria-label", `${words} ${detail}`);
  }

  /** Where a pointer is on the map. */
  place(event) {
    const frame = this.surface.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, 1 - (event.clientY - frame.top) / frame.height];
  }

  /** The dot that is shown and nearest to a place: its index and its distance in CSS pixels. */
  nearest(place) {
    const { index, far } = nearest(this.points, this.plane.point(place), (i) => this.dots.isShown(i));
    return { index, pixels: (far / this.width) * (this.surface.clientWidth || 1) };
  }

  /** How many test pictures have their dot near a place. */
  crowd(place) {
    return crowd(this.points, this.plane.point(place), CROWD * this.width);
  }

  /** Which shown dots lie inside a polygon of places. */
  inside(corners) {
    const at = (i) => this.plane.place(this.points[2 * i], this.points[2 * i + 1]);
    return Uint8Array.from(this.dots.labels, (_, i) => Number(this.dots.isShown(i) && inside(corners, at(i))));
  }
}
