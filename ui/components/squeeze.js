// An autoencoder at work: input -> encoder -> code bars -> decoder -> output, computed here on every frame.
const SHOW_MS = 1500, GLIDE_MS = 700;
const instances = new WeakMap();

function create(root, data) {
  const find = (selector) => root.querySelector(selector);
  const [inputLabel, codeLabel, outputLabel] = root.querySelectorAll("figcaption");
  const encode = denseNetwork(data.encoder), decode = denseNetwork(data.decoder);
  const codes = data.images.map((image) => [...encode(image)]);
  const size = codes[0].length, pixels = data.images[0].length;
  const top = Math.max(...codes.flat()) * 1.1, low = Math.min(0, ...codes.flat());
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const state = { chosen: 0, from: codes[0], code: [...codes[0]], since: 0, playing: !calm, byHand: false, frame: 0 };

  const bars = codes[0].map((_, i) => {
    const bar = document.createElement("div");
    bar.className = "bar"; bar.tabIndex = 0; bar.append(document.createElement("i"));
    Object.entries({ role: "slider", "aria-label": `Number ${i + 1} of the code`, "aria-valuemin": low.toFixed(1), "aria-valuemax": top.toFixed(1) })
      .forEach(([name, value]) => bar.setAttribute(name, value));
    const pull = (event) => { const box = bar.getBoundingClientRect(); set(i, low + (top - low) * (event.clientX - box.left) / box.width); };
    bar.addEventListener("pointerdown", (event) => { bar.setPointerCapture(event.pointerId); pull(event); });
    bar.addEventListener("pointermove", (event) => { if (bar.hasPointerCapture(event.pointerId)) pull(event); });
    bar.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (way) { event.preventDefault(); set(i, state.code[i] + way * (top - low) / 20); }
    });
    find(".code").append(bar);
    return bar;
  });
  const buttons = data.images.map((image, k) => {
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    button.type = "button"; button.setAttribute("aria-label", `Digit ${data.names[k]}`);
    button.append(canvas); paint(canvas, image, data.shape);
    button.addEventListener("click", () => { state.playing = false; choose(k); });
    find(".inputs").append(button);
    return button;
  });
  const play = find(".play");
  play.addEventListener("click", () => { state.playing = !state.playing; state.since = performance.now() - SHOW_MS; wake(); });

  function set(i, value) {
    state.playing = false; state.byHand = true;
    state.code[i] = Math.min(top, Math.max(low, value)); state.from = state.code; state.since = -1e9;
    wake();
  }
  function choose(k) {
    Object.assign(state, { chosen: k, from: [...state.code], since: calm ? -1e9 : performance.now(), byHand: false });
    wake();
  }
  function draw(now) {
    const image = data.images[state.chosen], goal = codes[state.chosen];
    const share = Math.min(1, Math.max(0, (now - state.since) / GLIDE_MS)), ease = share * share * (3 - 2 * share);
    if (!state.byHand) state.code = goal.map((value, i) => state.from[i] + ease * (value - state.from[i]));
    const output = decode(state.code);
    paint(find(".input"), image, data.shape); paint(find(".output"), output, data.shape);
    bars.forEach((bar, i) => {
      bar.firstChild.style.transform = `scaleX(${Math.min(1, (state.code[i] - low) / (top - low))})`;
      bar.setAttribute("aria-valuenow", state.code[i].toFixed(2));
    });
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", k === state.chosen));
    const error = image.reduce((sum, value, i) => sum + (value - output[i]) ** 2, 0);
    label(inputLabel, "input", `${pixels} pixels`);
    label(codeLabel, state.byHand ? "code, by hand" : "code", `${size} numbers`);
    const settled = share < 1 ? "on the way from one code to the next" : `squared error ${error.toFixed(2)}`;
    label(outputLabel, "output", state.byHand ? "decoded from your code" : settled);
    find(".input").setAttribute("aria-label", `Input: the digit ${data.names[state.chosen]}`);
    find(".output").setAttribute("aria-label", `Output: rebuilt from ${size} numbers, squared error ${error.toFixed(2)}`);
    play.textContent = state.playing ? "❚❚ Pause" : "▶ Play";
    return share < 1;
  }
  function label(element, word, detail) {
    const text = `${word}<br><small>${detail}</small>`;
    if (element.dataset.text !== text) { element.dataset.text = text; element.innerHTML = text; }
  }
  function tick(now) {
    state.frame = 0;
    if (state.playing && now - state.since > GLIDE_MS + SHOW_MS) choose((state.chosen + 1) % codes.length);
    const moving = draw(now);
    if (moving) wake();
    else if (state.playing) state.timer = setTimeout(wake, Math.max(0, state.since + GLIDE_MS + SHOW_MS - now) + 20);
  }
  function wake() { clearTimeout(state.timer); if (!state.frame) state.frame = requestAnimationFrame(tick); }
  wake();
  return { stop() { clearTimeout(state.timer); cancelAnimationFrame(state.frame); } };
}

export default function ({ data, parentElement }) {
  if (data && !instances.has(parentElement)) {
    instances.set(parentElement, create(parentElement, unpack(data)));
  }
  return () => { instances.get(parentElement)?.stop(); instances.delete(parentElement); };
}
