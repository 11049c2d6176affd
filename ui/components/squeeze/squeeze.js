// An autoencoder at work: input -> encoder -> code bars -> decoder -> output, computed here on every frame.
import { caption } from "../shared/caption.js";
import { make } from "../shared/element.js";
import { denseNetwork } from "../shared/network.js";
import { unpack } from "../shared/packing.js";
import { paint } from "../shared/picture.js";
import { between, eased, GLIDE_MS } from "./glide.js";

const SHOW_MS = 1500;
const LONG_AGO = -1e9;
const WAYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
const shown = new WeakMap();

class Squeeze {
  constructor(root, data) {
    Object.assign(this, { root, data, decode: denseNetwork(data.decoder) });
    const encode = denseNetwork(data.encoder);
    this.codes = data.images.map((image) => [...encode(image)]);
    this.top = Math.max(...this.codes.flat()) * 1.1;
    this.low = Math.min(0, ...this.codes.flat());
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.chosen = 0;
    this.from = this.codes[0];
    this.code = [...this.codes[0]];
    this.since = 0;
    this.playing = !this.calm;
    this.byHand = false;
    this.frame = 0;
    this.timer = 0;
    this.find(root);
    this.bars = this.code.map((_, i) => this.bar(i));
    this.buttons = data.images.map((image, k) => this.button(image, k));
    root.querySelector(".code").append(...this.bars);
    root.querySelector(".inputs").append(...this.buttons);
    this.wake();
  }

  find(root) {
    [this.input, this.output, this.play] = [".input", ".output", ".play"].map((part) => root.querySelector(part));
    this.labels = root.querySelectorAll("figcaption");
    this.play.addEventListener("click", () => {
      this.playing = !this.playing;
      this.since = performance.now() - SHOW_MS;
      this.wake();
    });
  }

  /** Number i of the code, to be pulled. */
  bar(i) {
    const { low, top } = this;
    const limits = { "aria-valuemin": low.toFixed(1), "aria-valuemax": top.toFixed(1) };
    const name = `Number ${i + 1} of the code`;
    const bar = make("div", "bar", { role: "slider", tabindex: 0, "aria-label": name, ...limits }, make("i"));
    const pull = (event) => {
      const box = bar.getBoundingClientRect();
      this.set(i, low + ((top - low) * (event.clientX - box.left)) / box.width);
    };
    bar.addEventListener("pointerdown", (event) => {
      bar.setPointerCapture(event.pointerId);
      pull(event);
    });
    bar.addEventListener("pointermove", (event) => {
      if (bar.hasPointerCapture(event.pointerId)) pull(event);
    });
    bar.addEventListener("keydown", (event) => {
      const way = WAYS[event.key];
      if (!way) return;
      event.preventDefault();
      this.set(i, this.code[i] + (way * (top - low)) / 20);
    });
    return bar;
  }

  /** A button with picture k. */
  button(image, k) {
    const canvas = make("canvas");
    paint(canvas, image, this.data.shape);
    const button = make("button", "", { type: "button", "aria-label": `Digit ${this.data.names[k]}` }, canvas);
    button.addEventListener("click", () => {
      this.playing = false;
      this.choose(k);
    });
    return button;
  }

  set(i, value) {
    this.playing = false;
    this.byHand = true;
    this.code[i] = Math.min(this.top, Math.max(this.low, value));
    this.from = this.code;
    this.since = LONG_AGO;
    this.wake();
  }

  choose(k) {
    this.chosen = k;
    this.from = [...this.code];
    this.since = performance.now() - (this.calm ? GLIDE_MS : 0); // the calm are there at once, and stay as long
    this.byHand = false;
    this.wake();
  }

  /** Draw what is to be seen `now`; returns whether the code is still on its way. */
  draw(now) {
    const image = this.data.images[this.chosen];
    const moving = now - this.since < GLIDE_MS;
    if (!this.byHand) this.code = between(this.from, this.codes[this.chosen], eased(now - this.since));
    const output = this.decode(this.code);
    paint(this.input, image, this.data.shape);
    paint(this.output, output, this.data.shape);
    this.bars.forEach((bar, i) => {
      const share = Math.min(1, (this.code[i] - this.low) / (this.top - this.low));
      bar.firstChild.style.transform = `scaleX(${share})`;
      bar.setAttribute("aria-valuenow", this.code[i].toFixed(2));
    });
    this.buttons.forEach((button, k) => {
      button.setAttribute("aria-pressed", k === this.chosen);
    });
    this.tell(image.reduce((sum, value, i) => sum + (value - output[i]) ** 2, 0).toFixed(2), moving);
    this.play.textContent = this.playing ? "❚❚ Pause" : "▶ Play";
    return moving;
  }

  /** Say in words what is seen. */
  tell(error, moving) {
    const [input, code, output] = this.labels;
    const size = this.code.length;
    const settled = moving ? "on the way from one code to the next" : `squared error ${error}`;
    caption(input, "input", `${this.data.images[0].length} pixels`);
    caption(code, this.byHand ? "code, by hand" : "code", `${size} numbers`);
    caption(output, "output", this.byHand ? "decoded from your code" : settled);
    this.input.setAttribute("aria-label", `Input: the digit ${this.data.names[this.chosen]}`);
    this.output.setAttribute("aria-label", `Output: rebuilt from ${size} numbers, squared error ${error}`);
  }

  /** The moment at which the next digit is due. */
  get over() {
    return this.since + GLIDE_MS + SHOW_MS;
  }

  tick(now) {
    this.frame = 0;
    if (this.playing && now > this.over) this.choose((this.chosen + 1) % this.codes.length);
    if (this.draw(now)) this.wake();
    else if (this.playing) this.timer = setTimeout(() => this.wake(), Math.max(0, this.over - now) + 20);
  }

  wake() {
    clearTimeout(this.timer);
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  stop() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
  }
}

export default function ({ data, parentElement }) {
  if (data && !shown.has(parentElement)) shown.set(parentElement, new Squeeze(parentElement, unpack(data)));
  return () => {
    shown.get(parentElement)?.stop();
    shown.delete(parentElement);
  };
}
