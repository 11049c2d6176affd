/** The stops of a dial from left to right, [name, text on screen] each, and where a slider has them. */
export class Stops {
  constructor(stops) {
    this.stops = stops;
    const start = Number(stops[0][0]);
    const whole = Number.isInteger(start) && stops.every(([name], i) => Number(name) === start + i);
    this.typed = whole && stops.every(([name, text]) => name === text); // plain numbers can be typed as well
    this.first = whole ? start : 0; // of whole numbers one after the other the slider's own value is the number
  }

  get count() {
    return this.stops.length;
  }

  get last() {
    return this.first + this.count - 1;
  }

  /** The stop at a value of the slider. */
  at(value) {
    return this.stops[value - this.first];
  }

  /** The value of the slider for a number that was typed: the nearest that there is. */
  nearest(number) {
    return Math.min(this.last, Math.max(this.first, Math.round(number)));
  }

  /** The value of the slider at the stop of this name. */
  value(name) {
    return this.first + this.stops.findIndex(([stop]) => stop === name);
  }
}
