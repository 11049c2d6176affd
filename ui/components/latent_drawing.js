// What is drawn on canvases. Colours of the theme are read at the moment of drawing, so light and dark both work.
function make(tag, className, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

function theme(element) {
  const style = getComputedStyle(element), read = (name) => style.getPropertyValue(name).trim();
  return { text: read("--st-text-color"), back: read("--st-secondary-background-color"), accent: read("--st-primary-color"), line: read("--st-border-color"), font: read("--st-font") };
}

/** The size that the bitmap of a canvas should have at its place on the screen. */
function size(canvas) {
  const ratio = devicePixelRatio || 1;
  return [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
}
function fits(canvas) {
  const [w, h] = size(canvas);
  return canvas.width === w && canvas.height === h;
}

/** Fit the canvas to its place on the screen; returns its context in CSS pixels, its width and its height. */
function fitted(canvas) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight, [w, h] = size(canvas);
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

/** Round numbers inside [low, high], about four of them. */
function ticks(low, high) {
  const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let t = Math.ceil(low / step) * step; t <= high; t += step) found.push(Math.abs(t) < step / 1e6 ? 0 : t);
  return found.map((t) => [t, String(+t.toPrecision(3)).replace("-", "−")]);
}

/** Axes, the circles of the prior, dots by class, and the name of each class at the middle of its dots. */
function drawDots(canvas, panel, view) {
  const [g, width, height] = fitted(canvas);
  if (!width) return;
  const ink = theme(canvas), [left, right, bottom, top] = panel.box;
  const x = (u) => width * (u - left) / (right - left), y = (v) => height * (1 - (v - bottom) / (top - bottom));
  g.font = `11px ${ink.font}`; g.lineWidth = 1;
  g.strokeStyle = ink.line; g.fillStyle = ink.text;
  for (const [t, text] of ticks(left, right)) {
    g.globalAlpha = 1; g.beginPath(); g.moveTo(x(t), 0); g.lineTo(x(t), height); g.stroke();
    g.globalAlpha = 0.6; if (x(t) > 26 && x(t) < width - 16) { g.textAlign = "center"; g.fillText(text, x(t), height - 5); }
  }
  for (const [t, text] of ticks(bottom, top)) {
    g.globalAlpha = 1; g.beginPath(); g.moveTo(0, y(t)); g.lineTo(width, y(t)); g.stroke();
    g.globalAlpha = 0.6; if (y(t) > 14 && y(t) < height - 22) { g.textAlign = "left"; g.fillText(text, 4, y(t) - 3); }
  }
  g.globalAlpha = 1;
  if (panel.prior) {
    g.strokeStyle = ink.text; g.globalAlpha = 0.55; g.setLineDash([4, 4]);
    for (const r of [1, 2]) { g.beginPath(); g.ellipse(x(0), y(0), x(r) - x(0), y(0) - y(r), 0, 0, 2 * Math.PI); g.stroke(); }
    g.setLineDash([]); g.globalAlpha = 1;
  }
  dots(g, panel, view, x, y, ink);
  names(g, panel, view, x, y, ink);
}

const FEW = 60; // chosen dots that are drawn larger, or one among ten thousand could not be found
function dots(g, panel, view, x, y, ink) {
  const n = view.labels.length, many = n > 3000, usual = many ? 1.3 : n > 900 ? 2.1 : 3;
  const few = view.chosen && view.chosen.reduce((sum, bit) => sum + bit, 0) <= FEW;
  const draw = (those, colour, alpha, r = usual) => {
    g.fillStyle = colour; g.globalAlpha = alpha; g.beginPath();
    for (const i of those) {
      const px = x(panel.points[2 * i]), py = y(panel.points[2 * i + 1]);
      if (r < 2) g.rect(px - r, py - r, 2 * r, 2 * r);
      else { g.moveTo(px + r, py); g.arc(px, py, r, 0, 2 * Math.PI); }
    }
    g.fill();
  };
  const grey = [], groups = view.classes.map(() => []);
  for (let i = 0; i < n; i++) (!view.isShown(i) || (view.chosen && !view.chosen[i]) ? grey : groups[view.labels[i]]).push(i);
  draw(grey, ink.text, 0.13);
  groups.forEach((those, c) => draw(those, view.colours[c % view.colours.length], 0.85, few ? 4 : usual));
  g.globalAlpha = 1;
  if (panel.rings) {
    g.strokeStyle = ink.text; g.lineWidth = 1.2;
    for (let i = 0; i < panel.rings.length; i += 2) { g.beginPath(); g.arc(x(panel.rings[i]), y(panel.rings[i + 1]), 3, 0, 2 * Math.PI); g.stroke(); }
    if (view.three) corners(g, panel.rings, x, y, ink);
  }
}

/** A, B and C beside the dots that a plane goes through. */
function corners(g, rings, x, y, ink) {
  g.font = `700 14px ${ink.font}`; g.textAlign = "left"; g.lineWidth = 4; g.lineJoin = "round";
  ["A", "B", "C"].forEach((letter, k) => {
    g.strokeStyle = ink.back; g.strokeText(letter, x(rings[2 * k]) + 6, y(rings[2 * k + 1]) - 5);
    g.fillStyle = ink.text; g.fillText(letter, x(rings[2 * k]) + 6, y(rings[2 * k + 1]) - 5);
  });
}

/** The middle of the dots of each class, by the median along each axis; null where it has none. */
function middles(points, view) {
  const groups = view.classes.map(() => [[], []]);
  view.labels.forEach((label, i) => [0, 1].forEach((part) => groups[label][part].push(points[2 * i + part])));
  const middle = (values) => Float32Array.from(values).sort()[values.length >> 1];
  return groups.map((parts) => parts[0].length ? parts.map(middle) : null);
}

function names(g, panel, view, x, y, ink) {
  panel.middles ??= middles(panel.points, view);
  g.font = `600 13px ${ink.font}`; g.textAlign = "center"; g.textBaseline = "middle"; g.lineJoin = "round";
  panel.middles.forEach((place, c) => {
    if (!place || (view.shown && !view.shown.has(c))) return;
    g.lineWidth = 4; g.strokeStyle = ink.back; g.strokeText(view.classes[c], x(place[0]), y(place[1]));
    g.fillStyle = ink.text; g.fillText(view.classes[c], x(place[0]), y(place[1]));
  });
  g.textBaseline = "alphabetic";
}

/** A picture that is none of the dots, at its place on the panel number k: a ring, and the picture itself beside it. */
function drawGuest(canvas, panel, guest, k) {
  if (!guest?.places[k]) return;
  const g = canvas.getContext("2d"), width = canvas.clientWidth, height = canvas.clientHeight, ink = theme(canvas);
  const size = Math.min(40, Math.max(24, width / 6)), inside = (share) => Math.min(1, Math.max(0, share));
  const [a, b] = panel.decoding.relative(...guest.places[k]).map(inside), x = a * width, y = (1 - b) * height;
  const left = x + 12 + size > width ? x - 12 - size : x + 12, top = Math.min(height - size - 3, Math.max(3, y - size / 2));
  for (const [colour, thick] of [[ink.back, 6], [ink.text, 3]]) {
    g.strokeStyle = colour; g.lineWidth = thick;
    g.beginPath(); g.arc(x, y, 6, 0, 2 * Math.PI); g.stroke(); g.strokeRect(left, top, size, size);
  }
  g.imageSmoothingEnabled = false;
  g.drawImage(guest.canvas, left, top, size, size);
}

/** What lies above the dots and moves: pins with their path, the ring around a dot, the pointer, the lasso. */
function drawMarks(canvas, panel, marks) {
  const [g, width, height] = fitted(canvas);
  if (!width) return;
  const ink = theme(canvas), x = ([a]) => a * width, y = ([, b]) => (1 - b) * height;
  if (marks.pins.length === 2) {
    g.strokeStyle = ink.text; g.lineWidth = 1.5; g.setLineDash([2, 3]);
    g.beginPath(); marks.pins.forEach((pin, k) => g[k ? "lineTo" : "moveTo"](x(pin), y(pin))); g.stroke(); g.setLineDash([]);
  }
  marks.pins.forEach((pin, k) => {
    g.fillStyle = ink.text; g.beginPath(); g.arc(x(pin), y(pin), 8, 0, 2 * Math.PI); g.fill();
    g.fillStyle = ink.back; g.font = `600 11px ${ink.font}`; g.textAlign = "center"; g.textBaseline = "middle";
    g.fillText(String(k + 1), x(pin), y(pin) + 0.5);
  });
  if (marks.dot !== null) {
    const place = panel.decoding.relative(panel.points[2 * marks.dot], panel.points[2 * marks.dot + 1]);
    g.strokeStyle = ink.text; g.lineWidth = 2; g.beginPath(); g.arc(x(place), y(place), 7, 0, 2 * Math.PI); g.stroke();
  }
  if (marks.lasso && marks.lasso.panel === panel) {
    g.strokeStyle = g.fillStyle = ink.accent; g.lineWidth = 1.5; g.beginPath();
    marks.lasso.corners.forEach((place, k) => g[k ? "lineTo" : "moveTo"](x(place), y(place)));
    g.closePath(); g.stroke(); g.globalAlpha = 0.12; g.fill(); g.globalAlpha = 1;
  }
  if (!marks.at) return;
  const [px, py] = [x(marks.at), y(marks.at)];
  for (const [colour, thick] of [[ink.back, 5], [ink.accent, 2.5]]) {
    g.strokeStyle = colour; g.lineWidth = thick; g.beginPath(); g.arc(px, py, 6, 0, 2 * Math.PI); g.stroke();
  }
}
