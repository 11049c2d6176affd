// What lies above the dots and moves.
import { inUnit } from "../decoding/plane.js";
import { circle, fitted, theme } from "./sheet.js";

const PIN_PX = 8;

/** Pins with their path, the ring around a dot, the lasso, the pointer. */
export function drawMarks(canvas, panel, marks) {
  const [g, width, height] = fitted(canvas);
  if (!width) return;
  const map = { g, ink: theme(canvas), x: (place) => place[0] * width, y: (place) => (1 - place[1]) * height };
  if (marks.pins.length === 2) drawPath(map, marks.pins);
  marks.pins.forEach((pin, k) => {
    drawPin(map, pin, k);
  });
  if (marks.dot !== null) drawRing(map, panel, marks.dot);
  if (marks.lasso?.panel === panel) drawLasso(map, marks.lasso.corners);
  drawPointer(map, marks.at);
}

function outline({ g, x, y }, places) {
  g.beginPath();
  for (const place of places) g.lineTo(x(place), y(place));
}

function drawPath(map, pins) {
  const { g, ink } = map;
  Object.assign(g, { strokeStyle: ink.text, lineWidth: 1.5 });
  g.setLineDash([2, 3]);
  outline(map, pins);
  g.stroke();
  g.setLineDash([]);
}

function drawPin({ g, ink, x, y }, pin, k) {
  g.fillStyle = ink.text;
  g.beginPath();
  g.arc(x(pin), y(pin), PIN_PX, 0, 2 * Math.PI);
  g.fill();
  const font = `600 11px ${ink.font}`;
  Object.assign(g, { fillStyle: ink.back, font, textAlign: "center", textBaseline: "middle" });
  g.fillText(String(k + 1), x(pin), y(pin) + 0.5);
}

function drawRing({ g, ink, x, y }, { plane, points }, dot) {
  const place = plane.place(points[2 * dot], points[2 * dot + 1]);
  Object.assign(g, { strokeStyle: ink.text, lineWidth: 2 });
  circle(g, x(place), y(place), 7);
}

function drawLasso(map, corners) {
  const { g, ink } = map;
  Object.assign(g, { strokeStyle: ink.accent, fillStyle: ink.accent, lineWidth: 1.5 });
  outline(map, corners);
  g.closePath();
  g.stroke();
  g.globalAlpha = 0.12;
  g.fill();
  g.globalAlpha = 1;
}

function drawPointer({ g, ink, x, y }, at) {
  Object.assign(g, { strokeStyle: ink.back, lineWidth: 5 });
  circle(g, x(at), y(at), 6);
  Object.assign(g, { strokeStyle: ink.accent, lineWidth: 2.5 });
  circle(g, x(at), y(at), 6);
}

/** A picture that is none of the dots, at its place on the panel number k: a ring, and the picture itself beside it. */
export function drawGuest(canvas, panel, guest, k) {
  if (!guest?.places[k]) return;
  const g = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  const ink = theme(canvas);
  const side = Math.min(40, Math.max(24, width / 6));
  const [a, b] = panel.plane.place(...guest.places[k]).map(inUnit);
  const [x, y] = [a * width, (1 - b) * height];
  const left = x + 12 + side > width ? x - 12 - side : x + 12;
  const top = Math.min(height - side - 3, Math.max(3, y - side / 2));
  for (const [strokeStyle, lineWidth] of [
    [ink.back, 6],
    [ink.text, 3],
  ]) {
    Object.assign(g, { strokeStyle, lineWidth });
    circle(g, x, y, 6);
    g.strokeRect(left, top, side, side);
  }
  g.imageSmoothingEnabled = false;
  g.drawImage(guest.canvas, left, top, side, side);
}
