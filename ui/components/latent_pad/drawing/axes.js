/** Round numbers inside [low, high], about four of them, each with its text. */
export function ticks(low, high) {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let t = Math.ceil(low / step) * step; t <= high; t += step) found.push(Math.abs(t) < step / 1e6 ? 0 : t);
  return found.map((t) => [t, String(+t.toPrecision(3)).replace("-", "−")]);
}

/** Lines and numbers of both axes, and the circles of the prior where there is one. */
export function drawAxes(map, panel) {
  const { g, ink, x, y, width, height } = map;
  const [left, right, bottom, top] = panel.box;
  Object.assign(g, { font: `11px ${ink.font}`, lineWidth: 1, strokeStyle: ink.line, fillStyle: ink.text });
  for (const [t, text] of ticks(left, right)) {
    rule(g, x(t), 0, x(t), height);
    if (x(t) > 26 && x(t) < width - 16) number(g, text, x(t), height - 5, "center");
  }
  for (const [t, text] of ticks(bottom, top)) {
    rule(g, 0, y(t), width, y(t));
    if (y(t) > 14 && y(t) < height - 22) number(g, text, 4, y(t) - 3, "left");
  }
  g.globalAlpha = 1;
  if (panel.prior) drawPrior(map);
}

function rule(g, x, y, u, v) {
  g.globalAlpha = 1;
  g.beginPath();
  g.moveTo(x, y);
  g.lineTo(u, v);
  g.stroke();
}

function number(g, text, x, y, textAlign) {
  Object.assign(g, { globalAlpha: 0.6, textAlign });
  g.fillText(text, x, y);
}

/** Circles of one and two standard deviations. */
function drawPrior({ g, ink, x, y }) {
  Object.assign(g, { strokeStyle: ink.text, globalAlpha: 0.55 });
  g.setLineDash([4, 4]);
  for (const r of [1, 2]) {
    g.beginPath();
    g.ellipse(x(0), y(0), x(r) - x(0), y(0) - y(r), 0, 0, 2 * Math.PI);
    g.stroke();
  }
  g.setLineDash([]);
  g.globalAlpha = 1;
}
