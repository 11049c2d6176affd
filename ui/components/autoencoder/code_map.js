import { inUnit, Plane } from "../latent_pad/decoding/plane.js";
import { Dots } from "../latent_pad/dots.js";
import { drawDots } from "../latent_pad/drawing/dots.js";
import { circle, fits, fitted, theme } from "../latent_pad/drawing/sheet.js";
import { make } from "../shared/element.js";

const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.02; // of the map, for an arrow key
const WIDE_STEP = 0.1;
const DOT_PX = 8;
const PLANE = { origin: [0, 0], axes: [1, 0, 0, 1], further: [] }; // the two numbers themselves

/** A code of two numbers as a dot on the map of the test pictures. */
export class CodeMap {
  constructor(map, owner) {
    Object.assign(this, { map, owner, down: false });
    this.plane = new Plane({ ...PLANE, box: map.box });
    this.dots = new Dots(map, {});
    this.panel = { box: map.box, points: map.points };
    this.base = make("canvas", "dots", { "aria-hidden": "true" });
    this.surface = make("canvas", "marks", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "map",
      "aria-label":
        `Code: a dot on the map of ${this.dots.labels.length} test pictures. ` +
        "Arrow keys move it, Escape puts it back to the input.",
    });
    this.element = make("div", "map", {}, this.base, this.surface);
    this.hint = "drag the dot, or move over the map: the output follows";
    this.listen(this.surface);
  }

  listen(surface) {
    surface.addEventListener("pointerdown", (event) => {
      this.down = true;
      surface.setPointerCapture(event.pointerId);
      this.owner.hold(this.codeAt(event));
    });
    surface.addEventListener("pointermove", (event) => {
      if (this.down) this.owner.hold(this.codeAt(event));
      else this.owner.hover(this.codeAt(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      surface.addEventListener(name, () => {
        this.down = false;
      });
    }
    surface.addEventListener("pointerleave", () => this.owner.hover(null));
    surface.addEventListener("keydown", (event) => this.press(event));
  }

  /** The code under a pointer. */
  codeAt(event) {
    const frame = this.surface.getBoundingClientRect();
    const place = [(event.clientX - frame.left) / frame.width, 1 - (event.clientY - frame.top) / frame.height];
    return [...this.plane.point(place.map(inUnit))];
  }

  press(event) {
    const way = WAYS[event.key];
    if (event.key === "Escape") this.owner.release();
    if (!way) return;
    event.preventDefault();
    const step = event.shiftKey ? WIDE_STEP : STEP;
    const place = this.plane.place(...this.owner.code).map((value, d) => inUnit(value + step * way[d]));
    this.owner.hold(this.plane.point(place), true);
  }

  get fits() {
    return fits(this.base);
  }

  redraw() {
    drawDots(this.base, this.panel, this.dots);
  }

  /** Show a code as the dot, and the code of the input as a ring where it is another one. */
  show(code, inputCode) {
    const [g, width, height] = fitted(this.surface);
    if (!width) return;
    const ink = theme(this.surface);
    const at = (values) => this.plane.place(...values).map(inUnit);
    const [x, y] = [(place) => place[0] * width, (place) => (1 - place[1]) * height];
    const [dot, ring] = [at(code), at(inputCode)];
    if (dot.some((value, d) => value !== ring[d])) {
      for (const [strokeStyle, lineWidth] of [
        [ink.back, 5],
        [ink.text, 2],
      ]) {
        Object.assign(g, { strokeStyle, lineWidth });
        circle(g, x(ring), y(ring), DOT_PX - 2);
      }
    }
    g.beginPath();
    g.arc(x(dot), y(dot), DOT_PX, 0, 2 * Math.PI);
    Object.assign(g, { fillStyle: ink.accent, strokeStyle: ink.back, lineWidth: 3 });
    g.stroke();
    g.fill();
    Object.assign(g, { strokeStyle: ink.text, lineWidth: 1.5 });
    circle(g, x(dot), y(dot), DOT_PX + 2);
  }

  told(code) {
    return code.map((value) => value.toFixed(2).replace("-", "−")).join(", ");
  }
}
