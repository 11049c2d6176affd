import { caption } from "../shared/caption.js";
import { layersAt } from "../shared/layers.js";
import { denseNetwork } from "../shared/network.js";
import { paint, shares } from "../shared/picture.js";
import { CodeBars } from "./code_bars.js";
import { CodeMap } from "./code_map.js";
import { errorWords, squaredError } from "./error.js";
import { SIDE } from "./framing.js";
import { between, eased, GLIDE_MS } from "./glide.js";
import { Sheet } from "./sheet.js";

const SHAPE = [1, SIDE, SIDE];
const AREA = SIDE * SIDE;
const SHOW_MS = 1500; // a digit that plays stays so long
const SPEAK_MS = 500; // after which a code at rest is told to who listens
const RECOLOUR_MS = 300; // until the page has its other colours
const SHEET_KEYS = "Arrow keys move the brush, space sets it down and lifts it.";
const CHOSEN = "decoded from the code you chose, not from the input";
const GLIDING = "on the way from the code before";
const LATE = "The network did not come: load the page again.";

/** Input, encoder, code, decoder, output and error: all of it runs here, for every stroke and every move. */
export class Figure {
  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { root, find, header: null, encode: null, decode: null });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.playing = !this.calm;
    this.example = -1; // which test picture is the input; -1: a drawing
    this.inputCode = null; // what the encoder makes of the input
    this.held = this.hovered = null; // a code that the visitor has chosen, or is only looking at
    this.glide = null; // the way from the code before: { from, since }
    this.stale = false; // the input has changed since it was encoded
    this.since = 0; // when this digit came
    this.frame = this.timer = this.speaking = 0;
    this.sheet = new Sheet(root, this);
    this.listen();
  }

  listen() {
    const press = (name, act) => this.find(name).addEventListener("click", act);
    press(".play", () => this.play(!this.playing));
    press(".next", () => {
      this.touched();
      this.choose(this.example + 1);
    });
    press(".clear", () => {
      this.touched();
      this.sheet.clear();
      this.changed();
      this.say("Cleared");
    });
    press(".back", () => this.release());
    this.resized = new ResizeObserver(() => {
      if (this.stage && !this.stage.fits) this.redraw();
    });
    this.resized.observe(this.find(".stage"));
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => setTimeout(() => this.redraw(), RECOLOUR_MS);
    this.scheme.addEventListener("change", this.recolour);
  }

  /** Show another network; what lies on the sheet stays there. */
  async show(header) {
    const first = !this.header;
    Object.assign(this, {
      header,
      encode: null,
      decode: null,
      inputCode: null,
      held: null,
      hovered: null,
      glide: null,
    });
    this.stage = header.map ? new CodeMap(header.map, this) : new CodeBars(header, this);
    this.find(".stage").replaceChildren(this.stage.element);
    this.pictures = header.names.map((_, k) => shares(header.pictures.subarray(AREA * k, AREA * (k + 1))));
    if (first || this.example >= 0) this.lay(Math.max(0, this.example));
    this.root.classList.add("waiting");
    this.redraw();
    const [encoder, decoder] = await Promise.all([layersAt(header.encoder), layersAt(header.decoder)]);
    if (header !== this.header) return; // another one was chosen meanwhile
    this.root.classList.remove("waiting");
    if (!encoder || !decoder) {
      this.find(".result").textContent = LATE;
      return;
    }
    Object.assign(this, { encode: denseNetwork(encoder), decode: denseNetwork(decoder), stale: true });
    if (this.playing && this.example >= 0) this.arrive();
    this.wake();
  }

  /** Who sees the figure for the first time sees it move: from the code of the digit before. */
  arrive() {
    this.since = performance.now();
    this.glide = { from: [...this.encode(this.pictures.at(this.example - 1))], since: this.since };
  }

  /** The code that the output is decoded from. */
  get code() {
    return this.hovered ?? this.held ?? this.codeOnItsWay(performance.now());
  }

  codeOnItsWay(now) {
    if (!this.glide) return this.inputCode;
    return between(this.glide.from, this.inputCode, eased(now - this.glide.since));
  }

  // ---- what the visitor does ----
  touched() {
    if (this.playing) this.play(false);
  }

  play(on) {
    this.playing = on;
    this.since = performance.now() - (on ? GLIDE_MS + SHOW_MS : 0);
    clearTimeout(this.timer);
    this.wake();
  }

  /** Something was drawn, or the sheet was cleared. */
  changed() {
    Object.assign(this, { example: -1, held: null, hovered: null, glide: null, stale: true });
    this.wake();
  }

  /** Lay test picture k on the sheet; the code glides to its place. */
  choose(k) {
    const from = this.inputCode && this.code;
    this.lay(k % this.pictures.length);
    Object.assign(this, { held: null, hovered: null, since: performance.now() });
    this.glide = from && !this.calm ? { from: [...from], since: this.since } : null;
    this.wake();
  }

  lay(k) {
    this.example = k;
    this.sheet.put(this.pictures[k]);
    this.stale = true;
  }

  /** Decode from a code that the visitor has chosen, until the input changes. */
  hold(code, byKey = false) {
    if (!this.inputCode) return;
    this.touched();
    Object.assign(this, { held: [...code], hovered: null });
    this.draw(performance.now());
    if (byKey) this.speakSoon();
  }

  /** Decode from a code that the pointer passes; null: it has left. */
  hover(code) {
    if (!this.inputCode) return;
    if (code) this.touched();
    this.hovered = code;
    this.draw(performance.now());
  }

  /** Back to the code of the input. */
  release() {
    Object.assign(this, { held: null, hovered: null });
    this.wake();
  }

  say(text) {
    this.find(".said").textContent = text;
  }

  speakSoon() {
    clearTimeout(this.speaking);
    const words = () => this.say(`Code ${this.stage.told(this.code)}. ${this.find(".result").textContent}`);
    this.speaking = setTimeout(words, SPEAK_MS);
  }

  // ---- what is seen ----
  wake() {
    this.frame ||= requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    this.frame = 0;
    clearTimeout(this.timer);
    if (this.playing && this.inputCode && now > this.over) this.choose(this.example + 1);
    this.draw(now);
    if (this.glide) this.wake();
    else if (this.playing && this.inputCode)
      this.timer = setTimeout(() => this.wake(), Math.max(0, this.over - now) + 20);
  }

  /** The moment at which the next digit is due. */
  get over() {
    return this.since + GLIDE_MS + SHOW_MS;
  }

  draw(now) {
    this.sheet.show();
    if (!this.encode) return;
    if (this.stale) this.readInput();
    const code = this.hovered ?? this.held ?? this.codeOnItsWay(now);
    const output = this.decode(code);
    if (this.glide && now - this.glide.since > GLIDE_MS) this.glide = null;
    this.stage.show(code, this.inputCode);
    paint(this.find(".output"), output, SHAPE);
    this.tell(code, squaredError(this.input, output));
  }

  /** Encode what lies on the sheet. */
  readInput() {
    this.input = this.sheet.pixels;
    this.inputCode = [...this.encode(this.input)];
    this.stale = false;
    paint(this.find(".seen"), this.input, SHAPE);
  }

  /** Say in words what is seen. */
  tell(code, error) {
    const drawn = this.example < 0;
    const own = this.sheet.empty ? "an empty sheet: draw a digit" : "your drawing, as the encoder gets it";
    const picture = `test picture: ${this.header.names[Math.max(0, this.example)]}`;
    const number = `squared error ${error.toFixed(4)} per pixel`;
    const chosen = Boolean(this.hovered ?? this.held);
    caption(this.find(".input-words"), "input", drawn ? own : `${picture}, or draw your own`);
    caption(this.find(".code-words"), `code: ${this.stage.told(code)}`, this.stage.hint);
    caption(this.find(".result"), number, chosen ? CHOSEN : this.glide ? GLIDING : errorWords(error));
    this.find(".ink").setAttribute("aria-label", `Input: ${drawn ? "your drawing" : picture}. ${SHEET_KEYS}`);
    this.find(".output").setAttribute("aria-label", `Output: ${number}`);
    this.find(".back").classList.toggle("idle", !this.held);
    this.find(".seen").classList.toggle("idle", !drawn);
    this.find(".play").textContent = this.playing ? "❚❚ Pause" : "▶ Play";
  }

  redraw() {
    this.stage.redraw();
    this.wake();
  }

  stop() {
    this.resized.disconnect();
    this.scheme.removeEventListener("change", this.recolour);
    clearTimeout(this.timer);
    clearTimeout(this.speaking);
    cancelAnimationFrame(this.frame);
  }
}
