/** What is on the sheet: light ink in [0, 1] on dark, k x k grey values to a pixel of the network's picture. */
export class Ink {
  constructor({ height, width, k }) {
    Object.assign(this, { rows: height, columns: width, k, width: width * k, height: height * k });
    this.values = new Float32Array(this.width * this.height);
  }

  get empty() {
    return !this.values.some((value) => value > 0);
  }

  /** Set the brush down at a point: full inside of its radius, falling to nothing at the edge. */
  stamp(x, y, radius, erase) {
    const soft = Math.max(1, 0.45 * radius);
    const reach = radius + soft;
    for (let j = Math.max(0, Math.floor(y - reach)); j <= Math.min(this.height - 1, y + reach); j++) {
      for (let i = Math.max(0, Math.floor(x - reach)); i <= Math.min(this.width - 1, x + reach); i++) {
        const far = Math.hypot(i + 0.5 - x, j + 0.5 - y);
        const strength = Math.min(1, Math.max(0, (radius + soft / 2 - far) / soft));
        const at = j * this.width + i;
        this.values[at] = erase ? Math.min(this.values[at], 1 - strength) : Math.max(this.values[at], strength);
      }
    }
  }

  /** Noise as the network would see it: one grey for each of its pixels within reach that is not `done` yet. */
  speckle(x, y, reach, done, random = Math.random) {
    const { k } = this;
    for (let j = Math.max(0, Math.floor((y - reach) / k)); j <= Math.min(this.rows - 1, (y + reach) / k); j++) {
      for (let i = Math.max(0, Math.floor((x - reach) / k)); i <= Math.min(this.columns - 1, (x + reach) / k); i++) {
        const pixel = j * this.columns + i;
        if (done.has(pixel) || Math.hypot((i + 0.5) * k - x, (j + 0.5) * k - y) > reach) continue;
        done.add(pixel);
        this.fill([i * k, j * k, (i + 1) * k, (j + 1) * k], random());
      }
    }
  }

  fill([left, top, right, bottom], value) {
    for (let j = top; j < bottom; j++) this.values.fill(value, j * this.width + left, j * this.width + right);
  }

  /** The box of two corners, on the network's pixels: left, top, right, bottom. */
  snapped([x, y], [u, v]) {
    const { k } = this;
    return [
      Math.max(0, Math.floor(Math.min(x, u) / k)) * k,
      Math.max(0, Math.floor(Math.min(y, v) / k)) * k,
      Math.min(this.columns, Math.ceil(Math.max(x, u) / k)) * k,
      Math.min(this.rows, Math.ceil(Math.max(y, v) / k)) * k,
    ];
  }

  /** Become a picture: a grey byte for each pixel of the network. */
  become(picture) {
    for (let j = 0; j < this.height; j++) {
      const row = Math.floor(j / this.k) * this.columns;
      for (let i = 0; i < this.width; i++) {
        this.values[j * this.width + i] = picture[row + Math.floor(i / this.k)] / 255;
      }
    }
  }

  bytes() {
    const bytes = new Uint8Array(this.values.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(255 * this.values[i]);
    return bytes;
  }
}
