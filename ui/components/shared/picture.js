/** Pixels in [0, 1], laid out (channels, height, width), onto a canvas of just that many pixels. */
export function paint(canvas, pixels, [channels, height, width]) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  fill(picture.data, pixels, width * height, channels);
  context.putImageData(picture, 0, 0);
}

/** The pixels as bytes of red, green, blue and opacity, in turn; `area` is how many there are of a channel. */
export function fill(bytes, pixels, area, channels) {
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      const value = pixels[channels === 3 ? c * area + i : i];
      bytes[4 * i + c] = value <= 0 ? 0 : value >= 1 ? 255 : Math.round(255 * value);
    }
    bytes[4 * i + 3] = 255;
  }
}

/** Bytes as numbers in [0, 1]. */
export function shares(bytes) {
  return Float32Array.from(bytes, (value) => value / 255);
}
