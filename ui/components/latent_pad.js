// The latent pad: one pointer over one map or two, the picture under it in the same frame, and marks that stay.
const DOT_PX = 12, FETCH_MS = 60, REST_MS = 160, SPEAK_MS = 700, TOUR_MS = 16000, DRAG_PX = 5;
const pads = new WeakMap();
const inUnit = (value) => Math.min(1, Math.max(0, value));

function createPad(root, api, header) {
  const start = header.start || {};
  const view = {
    ...header, shown: start.classes?.length ? new Set(start.classes) : null, chosen: unset(start.chosen, header.labels.length), map: header.map,
    isShown: (i) => !view.shown || view.shown.has(view.labels[i]),
  };
  const all = header.panels.map((panel) => createPanel(panel, view)), first = all[0];
  let panels = all; // those on screen
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const relative = (points) => (points || []).map(([u, v]) => first.decoding.relative(u, v));
  const state = {
    api, tools: header.tools, three: header.three && [...header.three], tool: "explore", guest: null, at: relative(start.at ? [start.at] : [])[0] || [0.5, 0.5],
    pins: relative(start.pins).slice(-2), dot: null, near: undefined, lasso: null, down: null, moves: 0, sent: "",
  };
  first.further.forEach(({ low, high, start: middle }, k) => { first.values[k] = Math.min(high, Math.max(low, start.sliders?.[k] ?? middle)); });
  const live = make("p", "spoken", { "aria-live": "polite" });
  const path = make("div", "path");
  const legend = createLegend(view, () => { redraw(); move(state.at); report(); });
  const tools = createTools(state, clear);
  const knobs = createSliders(first, () => { touched(); move(state.at); drawPath(path, panels, state.pins); }, report);
  const maps = make("div", "panels", {}, ...all.map((panel) => panel.element));
  const choice = createChoice(header.choice, start.beside ? 1 : 0, (both) => {
    arrange(both); redraw(); state.near = undefined; move(state.at); drawPath(path, panels, state.pins); report();
  });
  root.replaceChildren(...choice, maps, ...(header.map === false ? [] : [make("div", "bar", {}, legend, tools)]), knobs, path, live);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Latent pad: ${all.map((panel) => panel.title).join(" and ")}`);

  /** Show the first map alone, or all of them. */
  function arrange(both) {
    panels = both ? all : [first];
    maps.className = `panels n${panels.length}`;
    all.forEach((panel) => { panel.element.hidden = !panels.includes(panel); panel.element.classList.toggle("alone", panels.length === 1); });
  }
  function redraw() { panels.forEach((panel) => drawDots(panel.base, panel, view)); overlay(); }
  function overlay() { panels.forEach((panel, k) => { drawMarks(panel.surface, panel, state); drawGuest(panel.surface, panel, state.guest, k); }); }

  /** The pointer is at a relative place: decode there in every panel, now. */
  function move(place, of = first) {
    state.at = place; state.moves++;
    panels.forEach((panel) => {
      const { pixels, how, exact } = panel.decoding.picture(place);
      panel.show(pixels, place, how);
      if (!exact) ask(panel, pixels ? REST_MS : 0);
    });
    if (header.map !== false) lookAt(of.nearest(place), of);
    overlay();
    clearTimeout(state.speaking); state.speaking = setTimeout(speak, SPEAK_MS);
  }

  /** The exact picture of a panel once the pointer rests; one request at a time, the newest place wins. */
  function ask(panel, wait) {
    clearTimeout(panel.asking);
    const moves = state.moves;
    panel.asking = setTimeout(async () => {
      if (panel.busy) { panel.again = true; return; }
      panel.busy = true;
      const got = panel.run && await askServer(panel.run, panel.decoding.codeAt(state.at), panel.pixels);
      panel.busy = false;
      if (got && (moves === state.moves || wait === 0)) panel.show(got, state.at, "exact, computed by the server");
      if (panel.again) { panel.again = false; ask(panel, 0); }
    }, wait);
  }

  /** Say which test picture is nearest, ring its dot, and fetch it: one at a time, the newest wins. */
  function lookAt({ index, pixels: far }, of) {
    const near = index >= 0 && far <= Math.max(2 * DOT_PX, of.surface.clientWidth / 14);
    state.dot = near ? index : null;
    const name = near ? view.classes[view.labels[index]] : "";
    state.words = !near ? "no test picture near here" : far <= DOT_PX ? `on test picture ${index}, class ${name}` : `nearest test picture ${index}, class ${name}`;
    if (state.near !== state.dot) { state.near = state.dot; fetchNear(); }
  }
  async function fetchNear() {
    if (state.fetching) return;
    state.fetching = true;
    const dot = state.near;
    if (dot === null) panels.forEach((panel) => panel.showNear(null, "no test picture near", "the network was never asked to fill this place"));
    else {
      const picture = await pictureOf(header, dot, first.pixels), name = view.classes[view.labels[dot]];
      panels.forEach((panel) => panel.showNear(picture, `test picture ${dot}, class ${name}`, picture ? "the nearest to the pointer" : "its data set is not here"));
      await new Promise((done) => setTimeout(done, FETCH_MS));
    }
    state.fetching = false;
    if (dot !== state.near) fetchNear();
  }

  function speak() {
    if (header.map === false) return;
    const [u, v] = first.decoding.point(state.at).map((value) => value.toFixed(2));
    live.textContent = `Pointer at ${u}, ${v}: ${state.words}. ${state.pins.length} pins.`;
  }
  function pin(place) {
    state.pins = [...state.pins, place].slice(-2);
    drawPath(path, panels, state.pins); overlay(); report();
  }
  function clear() {
    state.pins = []; view.chosen = null;
    drawPath(path, panels, state.pins); redraw(); report();
  }
  /** What a click or Enter means: a pin, a dot chosen, or a dot through which the plane shall go. */
  function act(place, panel) {
    if (state.tool === "explore") return pin(place);
    const { index, pixels } = panel.nearest(place), near = pixels <= 2 * DOT_PX, corner = "abc".indexOf(state.tool);
    if (corner < 0) return choose(Uint8Array.from(view.labels, (_, i) => Number(i === index && near)));
    if (near) { state.three[corner] = index; report(); }
  }
  function choose(mask) { view.chosen = mask.some(Boolean) ? mask : null; redraw(); report(); }

  /** What is marked, in coordinates of the first map. */
  function marked() {
    const point = (place) => first.decoding.point(place).map((value) => Number(value.toFixed(4)));
    return { at: point(state.at), pins: state.pins.map(point), chosen: bitset(view.chosen), sliders: first.values.map((value) => Number(value.toFixed(4))), classes: view.shown ? [...view.shown].sort((a, b) => a - b) : null, three: state.three || null, beside: header.choice && panels === all ? "two" : null };
  }
  /** Tell the server what is marked; it is asked for nothing else. */
  function report() {
    const mark = marked(), text = JSON.stringify(mark);
    if (text === state.sent) return;
    state.sent = text;
    state.api.setStateValue("mark", mark);
  }
  function touched() { cancelAnimationFrame(state.tour); state.tour = 0; }

  all.forEach((panel) => {
    const surface = panel.surface;
    surface.addEventListener("pointerdown", (event) => {
      touched(); surface.setPointerCapture(event.pointerId);
      const place = panel.place(event);
      state.down = { place, x: event.clientX, y: event.clientY, far: false };
      if (["box", "lasso"].includes(state.tool)) state.lasso = { panel, corners: [place] };
      move(place, panel);
    });
    surface.addEventListener("pointermove", (event) => {
      touched();
      const place = panel.place(event).map(inUnit), down = state.down;
      if (down && Math.hypot(event.clientX - down.x, event.clientY - down.y) > DRAG_PX) down.far = true;
      if (down && state.lasso) {
        const [[a, b], [c, d]] = [down.place, place];
        state.lasso.corners = state.tool === "box" ? [[a, b], [c, b], [c, d], [a, d]] : [...state.lasso.corners, place];
      }
      move(place, panel);
    });
    const up = (event) => {
      const down = state.down, lasso = state.lasso;
      state.down = state.lasso = null;
      if (!down) return;
      const place = panel.place(event).map(inUnit);
      if (lasso && down.far) choose(panel.inside(lasso.corners));
      else if (!down.far) act(place, panel);
      overlay();
    };
    surface.addEventListener("pointerup", up);
    surface.addEventListener("pointercancel", () => { state.down = state.lasso = null; overlay(); });
    surface.addEventListener("pointerleave", () => { if (!state.down && state.moves) report(); });
    surface.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.1 : 0.02;
      const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] || [0, 0];
      const acts = { Enter: () => act(state.at, panel), " ": () => act(state.at, panel), Escape: clear, Home: () => move([0.5, 0.5], panel) };
      if (!dx && !dy && !acts[event.key]) return;
      event.preventDefault(); touched();
      if (acts[event.key]) acts[event.key]();
      else move([inUnit(state.at[0] + step * dx), inUnit(state.at[1] + step * dy)], panel);
    });
    surface.addEventListener("blur", report);
  });

  const resized = new ResizeObserver(() => { if (!panels.every((panel) => fits(panel.base))) redraw(); });
  all.forEach((panel) => resized.observe(panel.base));
  const scheme = matchMedia("(prefers-color-scheme: dark)"), recolour = () => setTimeout(redraw, 300);
  scheme.addEventListener("change", recolour);
  const began = performance.now(), from = [...state.at];
  function tour(now) {
    const t = (now - began) / 1000, fade = Math.min(1, t / 2, Math.max(0, TOUR_MS / 1000 - t) / 2);
    move([from[0] + 0.3 * fade * Math.sin(0.7 * t), from[1] + 0.3 * fade * Math.sin(1.1 * t)]);
    if (t * 1000 < TOUR_MS) state.tour = requestAnimationFrame(tour);
  }
  const welcome = () => { state.guest = window.latentGuest || null; overlay(); };
  window.addEventListener("latent-guest", welcome);
  arrange(!header.choice || start.beside); welcome(); redraw(); move(state.at); state.moves = 0; drawPath(path, panels, state.pins);
  all.forEach((panel) => panel.decoding.arrived?.then(() => {
    const { moves } = state; // not a move of the visitor's
    panel.element.classList.remove("waiting");
    move(state.at); state.moves = moves; drawPath(path, panels, state.pins);
  }));
  if (header.tour && !calm && !start.at) state.tour = requestAnimationFrame(tour);
  return {
    version: header.version, state, redraw, marked,
    stop() { touched(); resized.disconnect(); window.removeEventListener("latent-guest", welcome); scheme.removeEventListener("change", recolour); [state.speaking, ...all.map((panel) => panel.asking)].forEach(clearTimeout); },
  };
}

/** A mask as base64, one bit a dot, the lowest bit first; null for none. */
function bitset(mask) {
  if (!mask) return null;
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((bit, i) => { if (bit) bytes[i >> 3] |= 1 << (i & 7); });
  return btoa(String.fromCharCode(...bytes));
}

/** The mask of n dots that `bitset` wrote; null for none. */
function unset(text, n) {
  if (!text) return null;
  const bytes = atob(text);
  return Uint8Array.from({ length: n }, (_, i) => bytes.charCodeAt(i >> 3) >> (i & 7) & 1);
}

export default function (api) {
  const { data, parentElement } = api, root = parentElement.querySelector(".pad"), pad = pads.get(parentElement);
  const header = data && unpack(data);
  if (header && pad?.version !== header.version) {
    pad?.stop();
    const began = JSON.stringify(header.start);
    if (pad && pad.began === began) header.start = pad.marked(); // a map more or less: what the visitor has marked stays
    pads.set(parentElement, { ...createPad(root, api, header), began });
  } else if (pad) { pad.state.api = api; pad.redraw(); }
  return () => { pads.get(parentElement)?.stop(); pads.delete(parentElement); };
}
