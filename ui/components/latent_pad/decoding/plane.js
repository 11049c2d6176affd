/** A share that lies on the map. */
export const inUnit = (value) => Math.min(1, Math.max(0, value));

/** The plane through the codes that a panel shows; places on it are shares of the way to the right and up. */
export class Plane {
  constructor({ box, origin, axes, further }) {
    [this.left, this.right, this.bottom, this.top] = box;
    Object.assign(this, { origin, axes, further });
    this.code = new Float32Array(origin.length);
  }

  /** Its coordinates at a place. */
  point([a, b]) {
    return [this.left + a * (this.right - this.left), this.bottom + b * (this.top - this.bottom)];
  }

  /** The place of coordinates. */
  place(u, v) {
    return [(u - this.left) / (this.right - this.left), (v - this.bottom) / (this.top - this.bottom)];
  }

  /** The code at a place, its further directions at `values`; the next call writes over it. */
  codeAt(place, values) {
    const [u, v] = this.point(place);
    const { code, origin, axes, further } = this;
    const size = code.length;
    for (let d = 0; d < size; d++) code[d] = origin[d] + u * axes[d] + v * axes[size + d];
    for (let k = 0; k < further.length; k++) {
      const { vector } = further[k];
      for (let d = 0; d < size; d++) code[d] += values[k] * vector[d];
    }
    return code;
  }

  /** Whether all further directions are where they start: only there tiles show the plane. */
  atStart(values) {
    return this.further.every(({ start, low, high }, k) => Math.abs(values[k] - start) < 1e-3 * (high - low));
  }
}
