import { drawAxes } from "./axes.js";
import { drawNames } from "./names.js";
import { circle, fitted, theme, write } from "./sheet.js";

const FEW = 60; // chosen dots that are drawn larger, or one among ten thousand could not be found
const LARGE_PX = 4;
const SQUARE_PX = 2; // below that a dot is a square, which is drawn faster

/** Axes, the circles of the prior, dots by class, and the name of each class at the middle of its dots. */
export function drawDots(canvas, panel, dots) {
  const [g, width, height] = fitted(canvas);
  if (!width) return;
  const [left, right, bottom, top] = panel.box;
  const x = (u) => (width * (u - left)) / (right - left);
  const y = (v) => height * (1 - (v - bottom) / (top - bottom));
  const map = { g, width, height, x, y, ink: theme(canvas) };
  drawAxes(map, panel);
  drawGroups(map, panel.points, dots);
  if (panel.rings) drawRings(map, panel.rings, dots.lettered);
  drawNames(map, panel, dots);
}

/** Dots that are left out in grey, then the others class by class. */
function drawGroups(map, points, dots) {
  const n = dots.labels.length;
  const usual = n > 3000 ? 1.3 : n > 900 ? 2.1 : 3;
  const few = dots.chosen && dots.chosen.reduce((sum, bit) => sum + bit, 0) <= FEW;
  const grey = [];
  const groups = dots.classes.map(() => []);
  for (let i = 0; i < n; i++) {
    const out = !dots.isShown(i) || (dots.chosen && !dots.chosen[i]);
    (out ? grey : groups[dots.labels[i]]).push(i);
  }
  Object.assign(map.g, { fillStyle: map.ink.text, globalAlpha: 0.13 });
  drawGroup(map, points, grey, usual);
  groups.forEach((those, c) => {
    Object.assign(map.g, { fillStyle: dots.colours[c], globalAlpha: 0.85 });
    drawGroup(map, points, those, few ? LARGE_PX : usual);
  });
  map.g.globalAlpha = 1;
}

function drawGroup({ g, x, y }, points, those, radius) {
  g.beginPath();
  for (const i of those) {
    const u = x(points[2 * i]);
    const v = y(points[2 * i + 1]);
    if (radius < SQUARE_PX) g.rect(u - radius, v - radius, 2 * radius, 2 * radius);
    else {
      g.moveTo(u + radius, v);
      g.arc(u, v, radius, 0, 2 * Math.PI);
    }
  }
  g.fill();
}

/** Rings around some dots; A, B and C beside those that a plane goes through. */
function drawRings({ g, ink, x, y }, rings, lettered) {
  Object.assign(g, { strokeStyle: ink.text, lineWidth: 1.2 });
  for (let i = 0; i < rings.length; i += 2) circle(g, x(rings[i]), y(rings[i + 1]), 3);
  if (!lettered) return;
  Object.assign(g, { font: `700 14px ${ink.font}`, textAlign: "left" });
  ["A", "B", "C"].forEach((letter, k) => {
    write(g, letter, x(rings[2 * k]) + 6, y(rings[2 * k + 1]) - 5, ink);
  });
}
