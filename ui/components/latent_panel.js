// One panel: its map and its picture on the page, and the questions one asks of a map.
function createPanel(panel, view) {
  panel.values = panel.further.map(({ start }) => start);
  panel.decoding = decoding(panel);
  const base = make("canvas", "dots", { "aria-hidden": "true" });
  const marks = make("canvas", "marks", {
    tabindex: "0", role: "application", "aria-roledescription": "map",
    "aria-label": `${panel.title}: map of ${view.labels.length} codes. Arrow keys move the pointer, Enter pins a point, Escape clears.`,
  });
  const map = make("div", "map", {}, base, marks);
  const [output, near] = ["output", "near"].map((name) => make("canvas", name, { role: "img", "aria-label": "" }));
  const [caption, nearCaption] = [make("figcaption"), make("figcaption")];
  const nearFigure = make("figure", "neighbour", {}, near, nearCaption);
  const side = make("div", "side", {}, make("figure", "", {}, output, caption), nearFigure);
  const axes = panel.names[1] ? `→ ${panel.names[0]}   ↑ ${panel.names[1]}` : `→ ${panel.names[0]}; the height says nothing`;
  const shown = make("div", "shown", {}, side, make("div", "chart", {}, map, make("small", "axes", {}, axes)));
  const element = make("section", "panel", {}, ...(panel.title ? [make("h2", "", {}, panel.title)] : []), shown);
  const blank = new Float32Array(panel.shape[0] * panel.shape[1] * panel.shape[2]);
  [output, near].forEach((canvas) => paint(canvas, blank, panel.shape));

  const say = (target, words, detail) => {
    const text = `${words}\n${detail}`;
    if (target.dataset.text === text) return;
    target.dataset.text = text;
    target.replaceChildren(words, make("br"), make("small", "", {}, detail));
  };
  /** Show pixels (null keeps the picture that is there) and say how they were made. */
  const show = (pixels, place, how) => {
    if (pixels) paint(output, pixels, panel.shape);
    const [u, v] = panel.decoding.point(place);
    const where = view.map === false ? "decoded from the sliders" : `decoded at ${u.toFixed(2)}${panel.names[1] ? `, ${v.toFixed(2)}` : ""}`;
    say(caption, where.replaceAll("-", "−"), how);
    output.setAttribute("aria-label", `${panel.title} picture ${where}, ${how}`);
  };
  const showNear = (pixels, words, detail) => {
    paint(near, pixels || blank, panel.shape);
    near.classList.toggle("none", !pixels);
    say(nearCaption, words, detail);
    near.setAttribute("aria-label", `${words} ${detail}`);
  };
  const place = (event) => {
    const frame = marks.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, 1 - (event.clientY - frame.top) / frame.height];
  };
  /** The dot that is shown and nearest to a place: its index and its distance in CSS pixels. */
  const nearest = ([a, b]) => {
    let best = -1, least = Infinity;
    const [u, v] = panel.decoding.point([a, b]), points = panel.points, n = view.labels.length;
    for (let i = 0; i < n; i++) {
      const du = points[2 * i] - u, dv = points[2 * i + 1] - v, far = du * du + dv * dv;
      if (far < least && view.isShown(i)) { least = far; best = i; }
    }
    return { index: best, pixels: Math.sqrt(least) / (panel.box[1] - panel.box[0]) * (marks.clientWidth || 1) };
  };
  /** How many test pictures have their dot within a fortieth of the map's width. */
  const crowd = (spot) => {
    const [u, v] = panel.decoding.point(spot), reach = ((panel.box[1] - panel.box[0]) / 40) ** 2;
    let count = 0;
    for (let i = 0; i < view.labels.length; i++) {
      if ((panel.points[2 * i] - u) ** 2 + (panel.points[2 * i + 1] - v) ** 2 <= reach) count++;
    }
    return count;
  };
  /** Which shown dots lie inside a polygon of relative places. */
  const inside = (corners) => Uint8Array.from(view.labels, (_, i) => {
    if (!view.isShown(i)) return 0;
    const [px, py] = panel.decoding.relative(panel.points[2 * i], panel.points[2 * i + 1]);
    let odd = false;
    for (let k = 0, j = corners.length - 1; k < corners.length; j = k++) {
      const [ax, ay] = corners[k], [bx, by] = corners[j];
      if ((ay > py) !== (by > py) && px < (bx - ax) * (py - ay) / (by - ay) + ax) odd = !odd;
    }
    return odd ? 1 : 0;
  });
  if (view.map === false) element.classList.add("no-map");
  if (!panel.decoding.possible) element.classList.add("no-picture");
  if (panel.decoding.arrived) element.classList.add("waiting");
  return Object.assign(panel, { element, base, surface: marks, output, side, show, showNear, place, nearest, crowd, inside, pixels: blank.length });
}
