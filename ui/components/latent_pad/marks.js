/** What is marked: the pointer, the pins, the corners of a plane; places are shares of the way on a map. */
export class Marks {
  constructor(plane, { at, pins }, three) {
    this.plane = plane; // of the first map, in whose coordinates all is told
    this.at = at ? plane.place(...at) : [0.5, 0.5];
    this.pins = (pins || []).map((point) => plane.place(...point)).slice(-2);
    this.three = three ? [...three] : null; // dots that a plane goes through
    this.tool = "explore";
    this.dot = null; // the one near the pointer
    this.lasso = null; // { panel, corners } while it is pulled
  }

  pin(place) {
    this.pins = [...this.pins, place].slice(-2);
  }

  told() {
    const point = (place) => this.plane.point(place).map(rounded);
    return { at: point(this.at), pins: this.pins.map(point), three: this.three };
  }
}

/** A coordinate as it is told: four digits are enough for the address. */
export function rounded(value) {
  return Number(value.toFixed(4));
}
