import { make } from "../shared/element.js";
import { Dots } from "./dots.js";
import { drawDots } from "./drawing/dots.js";
import { drawGuest, drawMarks } from "./drawing/overlay.js";
import { fits } from "./drawing/sheet.js";
import { Exact } from "./exact.js";
import { Gestures } from "./gestures.js";
import { Marks, rounded } from "./marks.js";
import { bitsOf } from "./mask.js";
import { isHit, Neighbour } from "./neighbour.js";
import { Panel } from "./panel.js";
import { createLegend } from "./strip/legend.js";
import { drawPath } from "./strip/path.js";
import { createSliders } from "./strip/sliders.js";
import { createTools } from "./strip/tools.js";

const SPEAK_MS = 700; // after which a pointer at rest is told to who listens
const RECOLOUR_MS = 300; // until the page has its other colours

/** One pointer over one map or two, the picture under it in the same frame, and marks that stay. */
export class Pad {
  constructor(root, setStateValue, header) {
    const start = header.start || {};
    Object.assign(this, { setStateValue, header, version: header.version, hasMap: header.map !== false });
    this.dots = new Dots(header, start);
    this.panels = header.panels.map((panel) => new Panel(panel, this.dots, this.hasMap));
    this.first = this.panels[0];
    this.marks = new Marks(this.first.plane, start, header.three);
    this.moves = 0;
    this.sent = "";
    this.neighbour = new Neighbour(this);
    this.exact = new Map(this.panels.map((panel) => [panel, new Exact(panel, this)]));
    this.setSliders(start.sliders || []);
    this.fill(root);
    for (const panel of this.panels) new Gestures(this, panel);
    this.listen();
    this.begin();
  }

  setSliders(values) {
    this.first.further.forEach(({ low, high, start }, k) => {
      this.first.decoding.values[k] = Math.min(high, Math.max(low, values[k] ?? start));
    });
  }

  /** Put all parts on the page. */
  fill(root) {
    const { header, dots, marks, first } = this;
    this.live = make("p", "spoken", { "aria-live": "polite" });
    this.path = make("div", "path");
    const elements = this.panels.map((panel) => panel.element);
    if (elements.length === 1) elements[0].classList.add("alone");
    this.maps = make("div", `panels n${elements.length}`, {}, ...elements);
    const report = () => this.report();
    const legend = createLegend(dots, () => this.showOthers());
    const tools = createTools(marks, header, () => this.clear());
    const sliders = createSliders(first, () => this.slide(), report);
    const bar = this.hasMap ? [make("div", "bar", {}, legend, tools)] : [];
    root.replaceChildren(this.maps, ...bar, sliders, this.path, this.live);
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", `Latent pad: ${this.panels.map((panel) => panel.title).join(" and ")}`);
  }

  listen() {
    this.resized = new ResizeObserver(() => {
      if (!this.panels.every((panel) => fits(panel.base))) this.redraw();
    });
    for (const panel of this.panels) this.resized.observe(panel.base);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => setTimeout(() => this.redraw(), RECOLOUR_MS);
    this.scheme.addEventListener("change", this.recolour);
    this.welcome = () => {
      this.guest = window.latentGuest || null;
      this.overlay();
    };
    window.addEventListener("latent-guest", this.welcome);
  }

  begin() {
    this.welcome();
    this.redraw();
    this.move(this.marks.at);
    this.moves = 0;
    this.drawPath();
    for (const panel of this.panels) panel.decoding.arrived?.then(() => this.arrive(panel));
  }

  /** The decoder of a panel is here: that is no move of the visitor's. */
  arrive(panel) {
    const { moves } = this;
    panel.element.classList.remove("waiting");
    this.move(this.marks.at);
    this.moves = moves;
    this.drawPath();
  }

  redraw() {
    for (const panel of this.panels) drawDots(panel.base, panel, this.dots);
    this.overlay();
  }

  overlay() {
    this.panels.forEach((panel, k) => {
      drawMarks(panel.surface, panel, this.marks);
      drawGuest(panel.surface, panel, this.guest, k);
    });
  }

  drawPath() {
    drawPath(this.path, this.panels, this.marks.pins);
  }

  /** The pointer is at a place: decode there in every panel, now. */
  move(place, of = this.first) {
    this.marks.at = place;
    this.moves++;
    for (const panel of this.panels) {
      const { pixels, how, exact } = panel.decoding.picture(place);
      panel.show(pixels, place, how);
      if (!exact) this.exact.get(panel).ask(Boolean(pixels));
    }
    if (this.hasMap) this.neighbour.look(place, of);
    this.overlay();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => this.speak(), SPEAK_MS);
  }

  slide() {
    this.move(this.marks.at);
    this.drawPath();
  }

  /** Other classes are in colour. */
  showOthers() {
    this.redraw();
    this.move(this.marks.at);
    this.report();
  }

  speak() {
    if (!this.hasMap) return;
    const [u, v] = this.first.plane.point(this.marks.at).map((value) => value.toFixed(2));
    this.live.textContent = `Pointer at ${u}, ${v}: ${this.neighbour.words}. ${this.marks.pins.length} pins.`;
  }

  /** What a click or Enter means: a pin, a dot chosen, or a dot through which the plane shall go. */
  act(place, panel) {
    const { tool, three } = this.marks;
    if (tool === "explore") {
      this.pin(place);
      return;
    }
    const { index, pixels } = panel.nearest(place);
    const corner = "abc".indexOf(tool);
    if (corner < 0) this.choose(Uint8Array.from(this.dots.labels, (_, i) => Number(i === index && isHit(pixels))));
    else if (isHit(pixels)) {
      three[corner] = index;
      this.report();
    }
  }

  pin(place) {
    this.marks.pin(place);
    this.drawPath();
    this.overlay();
    this.report();
  }

  choose(mask) {
    this.dots.chosen = mask.some(Boolean) ? mask : null;
    this.redraw();
    this.report();
  }

  clear() {
    this.marks.pins = [];
    this.dots.chosen = null;
    this.drawPath();
    this.redraw();
    this.report();
  }

  /** What is marked, in coordinates of the first map. */
  marked() {
    const { shown, chosen } = this.dots;
    return {
      ...this.marks.told(),
      chosen: bitsOf(chosen),
      sliders: this.first.decoding.values.map(rounded),
      classes: shown ? [...shown].sort((a, b) => a - b) : null,
    };
  }

  /** Tell the server what is marked; it is asked for nothing else. */
  report() {
    const mark = this.marked();
    const text = JSON.stringify(mark);
    if (text === this.sent) return;
    this.sent = text;
    this.setStateValue("mark", mark);
  }

  stop() {
    this.resized.disconnect();
    window.removeEventListener("latent-guest", this.welcome);
    this.scheme.removeEventListener("change", this.recolour);
    clearTimeout(this.speaking);
    for (const exact of this.exact.values()) exact.stop();
  }
}
