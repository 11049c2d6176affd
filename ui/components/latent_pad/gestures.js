import { inUnit } from "./decoding/plane.js";

const DRAG_PX = 5; // farther is no click
const STEP = 0.02; // of the map, for an arrow key
const WIDE_STEP = 0.1;
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** What pointer and keys do on one map of a pad. */
export class Gestures {
  constructor(pad, panel) {
    Object.assign(this, { pad, panel, down: null });
    const { surface } = panel;
    surface.addEventListener("pointerdown", (event) => this.press(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    surface.addEventListener("pointerup", (event) => this.lift(event));
    surface.addEventListener("pointercancel", () => {
      this.down = pad.marks.lasso = null;
      pad.overlay();
    });
    surface.addEventListener("pointerleave", () => {
      if (!this.down && pad.moves) pad.report();
    });
    surface.addEventListener("keydown", (event) => this.key(event));
    surface.addEventListener("blur", () => pad.report());
  }

  press(event) {
    const { pad, panel } = this;
    panel.surface.setPointerCapture(event.pointerId);
    const place = panel.place(event);
    this.down = { place, x: event.clientX, y: event.clientY, far: false };
    if (["box", "lasso"].includes(pad.marks.tool)) pad.marks.lasso = { panel, corners: [place] };
    pad.move(place, panel);
  }

  move(event) {
    const { pad, panel, down } = this;
    const place = panel.place(event).map(inUnit);
    if (down && Math.hypot(event.clientX - down.x, event.clientY - down.y) > DRAG_PX) down.far = true;
    if (down && pad.marks.lasso) this.pull(pad.marks, place);
    pad.move(place, panel);
  }

  /** The box reaches, or the lasso goes on, to a place. */
  pull({ tool, lasso }, place) {
    const [a, b] = this.down.place;
    const [c, d] = place;
    if (tool === "box") lasso.corners = [this.down.place, [c, b], place, [a, d]];
    else lasso.corners.push(place);
  }

  lift(event) {
    const { pad, panel, down } = this;
    const { lasso } = pad.marks;
    this.down = pad.marks.lasso = null;
    if (!down) return;
    if (lasso && down.far) pad.choose(panel.inside(lasso.corners));
    else if (!down.far) pad.act(panel.place(event).map(inUnit), panel);
    pad.overlay();
  }

  key(event) {
    const { pad, panel } = this;
    const { at } = pad.marks;
    const act = () => pad.act(at, panel);
    const acts = { Enter: act, " ": act, Escape: () => pad.clear(), Home: () => pad.move([0.5, 0.5], panel) };
    const way = WAYS[event.key];
    const meant = acts[event.key];
    if (!way && !meant) return;
    event.preventDefault();
    if (meant) meant();
    else {
      const step = event.shiftKey ? WIDE_STEP : STEP;
      pad.move([inUnit(at[0] + step * way[0]), inUnit(at[1] + step * way[1])], panel);
    }
  }
}
