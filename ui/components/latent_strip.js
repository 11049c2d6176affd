// What stands below the maps: legend, tools, sliders, and the pictures along a path.
const STEPS = 9;

/** Buttons of the classes; pressing some leaves only those in colour. */
function createLegend(view, changed) {
  const all = make("button", "plain", { type: "button" }, "all");
  const buttons = view.classes.map((name, c) => {
    const mark = make("i"); mark.style.background = view.colours[c % view.colours.length];
    const button = make("button", "class", { type: "button", "aria-label": `Class ${name}` }, mark, name);
    button.addEventListener("click", () => {
      const shown = new Set(view.shown || []);
      if (!shown.delete(c)) shown.add(c);
      view.shown = shown.size ? shown : null;
      press();
    });
    return button;
  });
  const tell = () => {
    buttons.forEach((button, c) => button.setAttribute("aria-pressed", Boolean(view.shown?.has(c))));
    all.setAttribute("aria-pressed", !view.shown);
  };
  const press = () => { tell(); changed(); };
  all.addEventListener("click", () => { view.shown = null; press(); });
  const element = make("div", "legend", { role: "group", "aria-label": "Classes to show" }, make("span", "word", {}, "Show"), all, ...buttons);
  tell();
  return element;
}

/** Buttons for the first map alone and for all maps, where there is such a choice; `chosen` is the number of the pressed one. */
function createChoice(titles, chosen, changed) {
  const buttons = (titles || []).map((title, k) => {
    const button = make("button", "plain", { type: "button" }, title);
    button.addEventListener("click", () => { press(k); changed(k === 1); });
    return button;
  });
  const press = (pressed) => buttons.forEach((button, k) => button.setAttribute("aria-pressed", k === pressed));
  press(chosen);
  return buttons.length ? [make("div", "choice", { role: "group", "aria-label": "Maps to show" }, ...buttons)] : [];
}

const TOOLS = { explore: "Explore", box: "Box", lasso: "Lasso" };
const CORNERS = { a: "Set A", b: "Set B", c: "Set C" };
/** Explore moves the pointer and pins; box and lasso choose dots; A, B and C are the pictures that a plane goes through. */
function createTools(state, clear) {
  const buttons = Object.entries({ ...(state.tools ? TOOLS : {}), ...(state.three ? CORNERS : {}) }).map(([tool, title]) => {
    const button = make("button", "plain", { type: "button", "aria-pressed": String(tool === state.tool) }, title);
    button.addEventListener("click", () => {
      state.tool = tool;
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    });
    return button;
  });
  const element = make("div", "tools", { role: "group", "aria-label": "What the pointer does" });
  element.append(...buttons);
  const clearing = make("button", "plain clear", { type: "button" }, "Clear");
  clearing.addEventListener("click", clear);
  element.append(clearing);
  return element;
}

/** A slider for each further direction of a panel; they change `panel.values`. */
function createSliders(panel, moved, released) {
  const values = panel.values;
  const element = make("div", "sliders", { role: "group", "aria-label": "The other numbers of the code" });
  const rows = panel.further.map((direction, k) => {
    const input = make("input", "", {
      type: "range", min: direction.low, max: direction.high, step: (direction.high - direction.low) / 400,
      "aria-label": direction.name,
    });
    const number = make("output");
    const write = () => { input.value = values[k]; number.textContent = values[k].toFixed(2).replace("-", "−"); };
    input.addEventListener("input", () => { values[k] = Number(input.value); write(); moved(); });
    input.addEventListener("change", released);
    element.append(make("label", "", {}, make("span", "", {}, direction.name), input, number));
    write();
    return write;
  });
  if (rows.length) {
    const reset = make("button", "plain", { type: "button" }, "Back to the middle");
    reset.addEventListener("click", () => {
      panel.further.forEach((direction, k) => { values[k] = direction.start; });
      rows.forEach((write) => write()); moved(); released();
    });
    element.append(reset);
  }
  return element;
}

/** The pictures from the first pin to the second, one row for each panel, and how many dots each step has near it. */
function drawPath(element, panels, pins) {
  if (pins.length < 2) { element.replaceChildren(); return; }
  const rows = panels.filter((panel) => panel.decoding.possible).map((panel) => {
    const cells = Array.from({ length: STEPS }, (_, k) => {
      const t = k / (STEPS - 1), place = pins[0].map((from, d) => from + t * (pins[1][d] - from));
      const canvas = make("canvas", "", { role: "img" });
      const { pixels } = panel.decoding.picture(place);
      if (pixels) paint(canvas, pixels, panel.shape);
      else if (!panel.element.classList.contains("waiting")) askServer(panel.run, panel.decoding.codeAt(place), panel.pixels).then((got) => got && paint(canvas, got, panel.shape));
      const near = panel.crowd(place);
      canvas.setAttribute("aria-label", `Step ${k + 1} of ${STEPS} from pin 1 to pin 2, ${near} test pictures near it`);
      return make("figure", near ? "" : "empty", {}, canvas, make("figcaption", "", {}, String(near)));
    });
    return make("div", "way", {}, make("span", "word", {}, `${panels.length > 1 ? `${panel.title}: f` : "F"}rom pin 1 to pin 2; below each step, the test pictures near it`), make("div", "steps", {}, ...cells));
  });
  element.replaceChildren(...rows);
}
