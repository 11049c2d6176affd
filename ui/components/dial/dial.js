// A slider that tells the page while it moves. Whoever follows it (live_pictures.js) cancels the event; then the server
// is told once the slider has rested for REST_MS, else as soon as it is released.
import { Stops } from "./stops.js";

const REST_MS = 200;
const UNDER_WAY_MS = 1000; // so long may the answer of the server still be one from before the last move
const dials = new WeakMap();

class Dial {
  constructor(root) {
    const parts = ["span", "b", "input[type=range]", "input[type=number]"];
    [this.label, this.shown, this.input, this.field] = parts.map((part) => root.querySelector(part));
    this.setTriggerValue = null;
    this.name = "";
    this.stops = null;
    this.moved = false;
    this.followed = false;
    this.timer = 0;
    this.sentAt = -UNDER_WAY_MS;
    this.input.addEventListener("input", () => this.turn());
    this.input.addEventListener("change", () => this.release());
    this.field.addEventListener("change", () => this.type());
  }

  at() {
    return this.stops.at(this.input.valueAsNumber);
  }

  /** Whether the page has yet to hear of the last move. */
  ahead() {
    return this.moved || performance.now() - this.sentAt < UNDER_WAY_MS;
  }

  /** It was moved: a follower may know where it is, and whether the page has yet to hear of that. */
  turn() {
    this.moved = true;
    this.write();
    const [value] = this.at();
    const detail = { name: this.name, value, ahead: () => this.at()[0] === value && this.ahead() };
    this.followed = !document.dispatchEvent(new CustomEvent("dial-turned", { cancelable: true, detail }));
  }

  /** A number was typed: stand there, or at the nearest stop, and stay where it is none. */
  type() {
    const number = this.field.valueAsNumber;
    if (Number.isFinite(number)) this.input.value = this.stops.nearest(number);
    this.turn();
    this.release();
  }

  release() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), this.followed ? REST_MS : 0);
  }

  send() {
    this.stop();
    if (!this.moved) return;
    this.moved = false;
    this.sentAt = performance.now();
    this.setTriggerValue("turned", this.at()[0]);
  }

  write() {
    const { input } = this;
    const [, text] = this.at();
    this.shown.textContent = text;
    this.field.value = text;
    input.setAttribute("aria-valuetext", text);
    const share = (input.value - input.min) / Math.max(1, input.max - input.min);
    input.style.setProperty("--share", `${100 * share}%`);
  }

  /** Stand where the page says, unless the visitor is further. */
  show({ name, label, stops, at }) {
    const stay = this.stops && this.ahead() && stops.length === this.stops.count;
    this.name = name;
    this.stops = new Stops(stops);
    this.label.textContent = label;
    [this.field.hidden, this.shown.hidden] = [!this.stops.typed, this.stops.typed];
    for (const input of [this.input, this.field]) {
      input.setAttribute("aria-label", label); // the value is no part of the name
      input.min = this.stops.first;
      input.max = this.stops.last;
    }
    if (!stay) this.input.value = this.stops.value(at);
    this.write();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!dials.has(parentElement)) dials.set(parentElement, new Dial(parentElement));
  const dial = dials.get(parentElement);
  dial.setTriggerValue = setTriggerValue;
  dial.show(data);
  return () => {
    dial.stop();
    dials.delete(parentElement);
  };
}
