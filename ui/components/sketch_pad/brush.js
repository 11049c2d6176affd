const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const WIDE = 4; // steps of an arrow key together with shift

/** The brush over a sheet, moved by a pointer or by keys.
 *
 * Its `hand` is told what happens: begin() and end() of a stroke, move(point), wake() where it is to be drawn anew, and
 * say(text). `step` is how far an arrow key moves it.
 */
export class Brush {
  constructor(paper, step, hand) {
    Object.assign(this, { paper, step, hand });
    this.down = false;
    this.inside = false; // a mouse
    this.keys = false; // it is moved by keys
    this.cursor = [paper.ink.width / 2, paper.ink.height / 2];
    this.listen(paper.element);
  }

  /** Whether it is to be seen: a finger covers it anyway. */
  get visible() {
    return this.keys || this.inside;
  }

  listen(sheet) {
    sheet.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      sheet.focus({ preventScroll: true });
      sheet.setPointerCapture(event.pointerId);
      this.keys = false;
      this.inside = true;
      this.cursor = this.paper.at(event);
      this.begin();
    });
    sheet.addEventListener("pointermove", (event) => {
      this.inside = event.pointerType === "mouse";
      const points = this.down ? (event.getCoalescedEvents?.() ?? []) : [];
      for (const one of points.length ? points : [event]) this.move(this.paper.at(one));
    });
    sheet.addEventListener("pointerleave", () => {
      this.inside = false;
      this.hand.wake();
    });
    for (const name of ["pointerup", "pointercancel"]) sheet.addEventListener(name, () => this.end());
    sheet.addEventListener("keydown", (event) => this.press(event));
    sheet.addEventListener("blur", () => {
      if (this.keys) this.end();
      this.keys = false;
      this.hand.wake();
    });
  }

  press(event) {
    const way = WAYS[event.key];
    if (way) {
      event.preventDefault();
      this.keys = true;
      this.go(way, event.shiftKey ? WIDE * this.step : this.step);
    } else if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      this.keys = true;
      if (this.down) this.lift();
      else {
        this.begin();
        this.hand.say("Brush down: arrow keys draw, space lifts it");
      }
    } else if (event.key === "Escape" && this.down) this.lift();
  }

  go([right, down], length) {
    const { width, height } = this.paper.ink;
    const [x, y] = this.cursor;
    this.move([
      Math.min(width - 1, Math.max(0, x + right * length)),
      Math.min(height - 1, Math.max(0, y + down * length)),
    ]);
  }

  lift() {
    this.end();
    this.hand.say("Brush lifted");
  }

  begin() {
    this.down = true;
    this.hand.begin();
  }

  move(point) {
    this.cursor = point;
    this.hand.move(point);
  }

  end() {
    if (!this.down) return;
    this.down = false;
    this.hand.end();
  }
}
