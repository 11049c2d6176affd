/** Colours of the theme, read at the moment of drawing: so light and dark both work. */
export function theme(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--st-text-color"),
    back: read("--st-secondary-background-color"),
    accent: read("--st-primary-color"),
    line: read("--st-border-color"),
    font: read("--st-font"),
  };
}

/** The size that the bitmap of a canvas should have at its place on the screen. */
function size(canvas) {
  const ratio = devicePixelRatio || 1;
  return [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
}

export function fits(canvas) {
  const [width, height] = size(canvas);
  return canvas.width === width && canvas.height === height;
}

/** Fit the canvas to its place on the screen; returns its context in CSS pixels, its width and its height. */
export function fitted(canvas) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth, clientHeight } = canvas;
  const [width, height] = size(canvas);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  return [context, clientWidth, clientHeight];
}

/** The outline of a circle. */
export function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/** A word that can be read on whatever is below it. */
export function write(context, word, x, y, { text, back }) {
  Object.assign(context, { lineWidth: 4, lineJoin: "round", strokeStyle: back, fillStyle: text });
  context.strokeText(word, x, y);
  context.fillText(word, x, y);
}
