import { write } from "./sheet.js";

const LEGIBLE = 10; // classes whose names are all written, however they lie
const LINE_PX = 14; // height of a name

/** The middle of the dots of each class, by the median along each axis; null where it has none. */
export function middles(points, labels, count) {
  const groups = Array.from({ length: count }, () => [[], []]);
  labels.forEach((label, i) => {
    groups[label][0].push(points[2 * i]);
    groups[label][1].push(points[2 * i + 1]);
  });
  const middle = (values) => Float32Array.from(values).sort()[values.length >> 1];
  return groups.map((parts) => (parts[0].length ? parts.map(middle) : null));
}

/** The names of the classes at the middle of their dots; where two would cover one another, the first alone. */
export function drawNames({ g, ink, x, y }, panel, dots) {
  panel.middles ??= middles(panel.points, dots.labels, dots.classes.length);
  const written = [];
  const many = dots.classes.length > LEGIBLE;
  Object.assign(g, { font: `600 13px ${ink.font}`, textAlign: "center", textBaseline: "middle" });
  panel.middles.forEach((place, c) => {
    if (!place || (dots.shown && !dots.shown.has(c))) return;
    const [u, v, half] = [x(place[0]), y(place[1]), g.measureText(dots.classes[c]).width / 2 + 1];
    const covers = ([a, b, other]) => Math.abs(a - u) < half + other && Math.abs(b - v) < LINE_PX;
    if (many && written.some(covers)) return;
    written.push([u, v, half]);
    write(g, dots.classes[c], u, v, ink);
  });
  g.textBaseline = "alphabetic";
}
