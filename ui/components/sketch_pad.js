// A sheet to draw on: pen, eraser, a brush of noise, a box that blacks out. The ink is a grid of grey values, k x k of
// them to a pixel of the network's picture. It is sent at most every SEND_MS while drawing, and at once on release.
const SEND_MS = 150;
const instances = new WeakMap();

// Runs of equal bytes as (count, value), then base64: a drawing is mostly black.
function packed(bytes) {
  const runs = [];
  for (let i = 0; i < bytes.length;) {
    let n = 1;
    while (n < 255 && bytes[i + n] === bytes[i]) n++;
    runs.push(n, bytes[i]); i += n;
  }
  let text = "";
  for (let i = 0; i < runs.length; i += 4096) text += String.fromCharCode(...runs.slice(i, i + 4096));
  return btoa(text);
}
const unpacked = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function create(root, data) {
  const find = (selector) => root.querySelector(selector);
  const { height, width, k } = data, W = width * k, H = height * k;
  const paper = find(".paper"), canvas = find(".ink"), mark = find(".mark"), size = find("input");
  const pen = canvas.getContext("2d"), over = mark.getContext("2d");
  const ink = new Float32Array(W * H), image = new ImageData(W, H);
  const s = {
    tool: "draw", picture: -1, origin: "drawing", stroke: null, down: false, cursor: [W / 2, H / 2], keys: false,
    sentAt: 0, timer: 0, frame: 0, sends: 0, undo: [], api: null,
  };
  canvas.width = mark.width = W; canvas.height = mark.height = H;
  paper.style.aspectRatio = `${W} / ${H}`;

  const radius = () => size.valueAsNumber * Math.min(W, H) / 200;
  const say = (text) => { find(".said").textContent = text; };

  // ---- ink ----
  function each(x, y, reach, change) {
    for (let j = Math.max(0, Math.floor(y - reach)); j <= Math.min(H - 1, y + reach); j++)
      for (let i = Math.max(0, Math.floor(x - reach)); i <= Math.min(W - 1, x + reach); i++)
        change(j * W + i, Math.hypot(i + 0.5 - x, j + 0.5 - y));
  }
  function stamp(x, y) {
    const r = radius(), soft = Math.max(1, 0.45 * r);  // full inside, falling to nothing over `soft`
    if (s.tool === "noise") return speckle(x, y, r + k);
    each(x, y, r + soft, (i, d) => {
      const strength = Math.min(1, Math.max(0, (r + soft / 2 - d) / soft));
      ink[i] = s.tool === "draw" ? Math.max(ink[i], strength) : Math.min(ink[i], 1 - strength);
    });
  }
  function speckle(x, y, reach) {  // noise as the network would see it: one random grey for each of its pixels
    for (let row = Math.max(0, Math.floor((y - reach) / k)); row <= Math.min(height - 1, (y + reach) / k); row++)
      for (let column = Math.max(0, Math.floor((x - reach) / k)); column <= Math.min(width - 1, (x + reach) / k); column++) {
        const cell = row * width + column;
        if (s.speckled.has(cell) || Math.hypot((column + 0.5) * k - x, (row + 0.5) * k - y) > reach) continue;
        s.speckled.add(cell);
        fill(column * k, row * k, (column + 1) * k, (row + 1) * k, Math.random());
      }
  }
  function fill(left, top, right, bottom, value) {
    for (let j = top; j < bottom; j++) ink.fill(value, j * W + left, j * W + right);
  }
  const snapped = ([x, y], [u, v]) => [  // the box of two corners, on the network's pixels
    Math.max(0, Math.floor(Math.min(x, u) / k)) * k, Math.max(0, Math.floor(Math.min(y, v) / k)) * k,
    Math.min(width, Math.ceil(Math.max(x, u) / k)) * k, Math.min(height, Math.ceil(Math.max(y, v) / k)) * k,
  ];

  // ---- strokes ----
  function begin(point) {
    s.undo.push([ink.slice(), s.origin]); if (s.undo.length > 20) s.undo.shift();
    s.down = true; s.from = s.stroke = point; s.speckled = new Set();
    if (s.tool !== "block") { stamp(...point); changed(); } else wake();
  }
  function move(point) {
    s.cursor = point;
    if (s.down && s.tool !== "block") {
      const [x, y] = s.stroke, far = Math.hypot(point[0] - x, point[1] - y), steps = Math.ceil(far / Math.max(1, radius() / 3));
      for (let i = 1; i <= steps; i++) stamp(x + (point[0] - x) * i / steps, y + (point[1] - y) * i / steps);
      s.stroke = point; if (steps) changed();
    } else wake();
  }
  function end() {
    if (!s.down) return;
    s.down = false;
    if (s.tool === "block") fill(...snapped(s.from, s.cursor), 0);
    changed(true);
  }

  // ---- what is shown and what is sent ----
  function changed(done = false) { wake(); schedule(done); }
  function schedule(done) {
    const wait = done ? 0 : s.sentAt + SEND_MS - performance.now();
    if (wait <= 0) { clearTimeout(s.timer); s.timer = 0; return send(done); }
    s.timer ||= setTimeout(() => { s.timer = 0; send(!s.down); }, wait);
  }
  function send(done) {
    s.sentAt = performance.now(); s.sends++; root.dataset.sends = s.sends;
    const bytes = new Uint8Array(ink.length);
    for (let i = 0; i < ink.length; i++) bytes[i] = Math.round(255 * ink[i]);
    s.api.setStateValue("drawing", { size: [H, W], ink: packed(bytes), origin: s.origin, picture: s.picture, done });
  }
  function wake() { s.frame ||= requestAnimationFrame(show); }
  function show() {
    s.frame = 0;
    for (let i = 0; i < ink.length; i++) { image.data.fill(255 * ink[i], 4 * i, 4 * i + 3); image.data[4 * i + 3] = 255; }
    pen.putImageData(image, 0, 0);
    const empty = !ink.some((value) => value > 0);
    find(".paper p").hidden = !empty || s.keys;
    find(".clear").disabled = empty; find(".undo").disabled = !s.undo.length;
    over.clearRect(0, 0, W, H); over.lineWidth = Math.max(1, W / 160); over.strokeStyle = "#ffa90e";
    if (s.tool === "block" && s.down) {
      const [left, top, right, bottom] = snapped(s.from, s.cursor);
      over.strokeRect(left, top, right - left, bottom - top);
    } else if (s.keys || s.inside) {
      over.beginPath(); over.arc(...s.cursor, Math.max(2, radius()), 0, 7); over.stroke();
    }
  }

  // ---- pointer and keys ----
  const at = (event) => { const box = canvas.getBoundingClientRect(); return [(event.clientX - box.left) * W / box.width, (event.clientY - box.top) * H / box.height]; };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault(); canvas.focus({ preventScroll: true }); canvas.setPointerCapture(event.pointerId);
    s.keys = false; s.inside = true; s.cursor = at(event); begin(s.cursor);
  });
  canvas.addEventListener("pointermove", (event) => {
    s.inside = event.pointerType === "mouse";
    const points = s.down ? event.getCoalescedEvents?.() ?? [] : [];
    (points.length ? points : [event]).forEach((one) => move(at(one)));
  });
  canvas.addEventListener("pointerleave", () => { s.inside = false; wake(); });
  ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, end));
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (way) {
      event.preventDefault(); s.keys = true;
      const step = event.shiftKey ? 4 * k : k;
      move([Math.min(W - 1, Math.max(0, s.cursor[0] + way[0] * step)), Math.min(H - 1, Math.max(0, s.cursor[1] + way[1] * step))]);
    } else if (event.key === " " || event.key === "Enter") {
      event.preventDefault(); s.keys = true;
      if (s.down) { end(); say("Brush lifted"); } else { begin(s.cursor); say("Brush down: arrow keys draw, space lifts it"); }
    } else if (event.key === "Escape" && s.down) { end(); say("Brush lifted"); }
  });
  canvas.addEventListener("blur", () => { if (s.keys) end(); s.keys = false; wake(); });

  // ---- buttons ----
  const tools = [...root.querySelectorAll("[data-tool]")];
  function choose(tool) {
    s.tool = tool;
    tools.forEach((button) => { button.setAttribute("aria-checked", button.dataset.tool === tool); button.tabIndex = button.dataset.tool === tool ? 0 : -1; });
    size.disabled = tool === "block"; wake();
  }
  tools.forEach((button, i) => {
    button.addEventListener("click", () => choose(button.dataset.tool));
    button.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      const next = tools[(i + way + tools.length) % tools.length];
      choose(next.dataset.tool); next.focus();
    });
  });
  function put(values, origin, picture) {  // values: a grey byte for each pixel of the network
    for (let j = 0; j < H; j++) for (let i = 0; i < W; i++) ink[j * W + i] = values[Math.floor(j / k) * width + Math.floor(i / k)] / 255;
    s.origin = origin; s.picture = picture;
  }
  find(".clear").addEventListener("click", () => {
    s.undo.push([ink.slice(), s.origin]); ink.fill(0); s.origin = "drawing"; s.picture = -1; changed(true); say("Cleared");
  });
  find(".undo").addEventListener("click", () => {
    const last = s.undo.pop();
    if (last) { ink.set(last[0]); s.origin = last[1]; changed(true); say("Undone"); }
  });
  const example = find(".example");
  example.hidden = !data.examples.length;
  example.addEventListener("click", () => {
    s.undo.push([ink.slice(), s.origin]);
    const next = (s.picture + 1) % data.examples.length;
    put(unpacked(data.examples[next].pixels), "picture", next); changed(true);
    say(`Test picture: ${data.examples[next].name}`);
  });
  choose("draw");
  if (data.restore) put(unpacked(data.restore), "picture", -1);
  wake();
  return { state: s, stop() { clearTimeout(s.timer); cancelAnimationFrame(s.frame); } };
}

export default function (component) {
  const { data, parentElement } = component;
  let made = instances.get(parentElement);
  if (data && made?.version !== data.version) {
    made?.stop();
    const root = parentElement.querySelector(".pad"), fresh = root.cloneNode(true);  // without the listeners of before
    root.replaceWith(fresh);
    made = Object.assign(create(fresh, data), { version: data.version });
    instances.set(parentElement, made);
  }
  if (made) made.state.api = component;
  return () => { instances.get(parentElement)?.stop(); instances.delete(parentElement); };
}
