import { maskOf } from "./mask.js";

/** The dots of every map, one for each test picture: their classes, those that are shown and those that are chosen. */
export class Dots {
  constructor({ labels, classes, colours, three }, start) {
    Object.assign(this, { labels, classes, colours, lettered: Boolean(three) });
    this.shown = start.classes?.length ? new Set(start.classes) : null; // classes in colour; null: all
    this.chosen = maskOf(start.chosen, labels.length); // a byte for each dot; null: none
  }

  isShown(i) {
    return !this.shown || this.shown.has(this.labels[i]);
  }

  className(i) {
    return this.classes[this.labels[i]];
  }

  /** Show a class, or leave it out again; without any, all are shown. */
  toggle(c) {
    const shown = new Set(this.shown);
    if (!shown.delete(c)) shown.add(c);
    this.shown = shown.size ? shown : null;
  }
}
