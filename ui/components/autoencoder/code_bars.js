import { fits, fitted, theme } from "../latent_pad/drawing/sheet.js";
import { make } from "../shared/element.js";
import { barAt, valueAt } from "./bars.js";

const STEPS = 40; // from the lowest to the highest value, by arrow keys
const VALUES = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
const CHOICES = { ArrowRight: 1, ArrowLeft: -1 };

/** A code of more numbers as upright bars, which can be pulled; one surface, since a bar is too thin for a finger. */
export class CodeBars {
  constructor({ size, reach }, owner) {
    Object.assign(this, { size, owner, reach, chosen: 0, down: false, used: false });
    [this.low, this.high] = reach;
    this.base = make("canvas", "bars", {
      tabindex: "0",
      role: "slider",
      "aria-orientation": "vertical",
      "aria-label":
        `Code: ${size} numbers. Up and down change one, left and right choose another, ` +
        "Escape puts them back to the input.",
      "aria-valuemin": this.low.toFixed(2),
      "aria-valuemax": this.high.toFixed(2),
    });
    this.element = make("div", "map", {}, this.base);
    this.hint = "pull a bar up or down: the output follows";
    this.listen(this.base);
  }

  listen(surface) {
    surface.addEventListener("pointerdown", (event) => {
      this.down = this.used = true;
      surface.setPointerCapture(event.pointerId);
      this.chosen = barAt(this.share(event)[0], this.size);
      this.pull(event);
    });
    surface.addEventListener("pointermove", (event) => {
      if (this.down) this.pull(event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      surface.addEventListener(name, () => {
        this.down = false;
      });
    }
    surface.addEventListener("keydown", (event) => this.press(event));
  }

  /** Where a pointer is: the share of the way to the right and up. */
  share(event) {
    const frame = this.base.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, 1 - (event.clientY - frame.top) / frame.height];
  }

  pull(event) {
    this.set(valueAt(this.share(event)[1], this.reach));
  }

  set(value, byKey = false) {
    const code = [...this.owner.code];
    code[this.chosen] = Math.min(this.high, Math.max(this.low, value));
    this.owner.hold(code, byKey);
  }

  press(event) {
    const [change, way] = [VALUES[event.key], CHOICES[event.key]];
    if (event.key === "Escape") this.owner.release();
    if (!change && !way) return;
    event.preventDefault();
    this.used = true;
    if (change) this.set(this.owner.code[this.chosen] + (change * (this.high - this.low)) / STEPS, true);
    else {
      this.chosen = (this.chosen + way + this.size) % this.size;
      this.owner.wake();
    }
  }

  get fits() {
    return fits(this.base);
  }

  redraw() {}

  /** Show a code as bars, and the code of the input as a line on each that is pulled away from it. */
  show(code, inputCode) {
    const [g, width, height] = fitted(this.base);
    if (!width) return;
    const ink = theme(this.base);
    const wide = width / this.size;
    const y = (value) => height * (1 - (value - this.low) / (this.high - this.low));
    const zero = y(0);
    for (let i = 0; i < this.size; i++) {
      const left = i * wide + 0.12 * wide;
      if (this.used && i === this.chosen) {
        Object.assign(g, { fillStyle: ink.line });
        g.fillRect(i * wide, 0, wide, height);
      }
      Object.assign(g, { fillStyle: ink.accent });
      g.fillRect(left, Math.min(zero, y(code[i])), 0.76 * wide, Math.max(1, Math.abs(y(code[i]) - zero)));
      Object.assign(g, { fillStyle: ink.text });
      if (code[i] !== inputCode[i]) g.fillRect(i * wide, y(inputCode[i]) - 1, wide, 2);
    }
    g.fillRect(0, zero - 0.5, width, 1);
    this.tell(code[this.chosen]);
  }

  tell(value) {
    this.base.setAttribute("aria-valuenow", value.toFixed(2));
    this.base.setAttribute("aria-valuetext", `number ${this.chosen + 1} of ${this.size}: ${value.toFixed(2)}`);
  }

  told(code) {
    if (!this.used) return `${this.size} numbers`;
    return `number ${this.chosen + 1} of ${this.size} is ${code[this.chosen].toFixed(2).replace("-", "−")}`;
  }
}
