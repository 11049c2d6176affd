import { make } from "../../shared/element.js";
import { paint } from "../../shared/picture.js";
import { exactPicture } from "../decoding/pictures.js";

const STEPS = 9;

/** The places from the first pin to the second. */
export function stepsBetween([from, to]) {
  return Array.from({ length: STEPS }, (_, k) => from.map((value, d) => value + (k / (STEPS - 1)) * (to[d] - value)));
}

/** The pictures from the first pin to the second, one row for each panel, and how many dots each step has near it. */
export function drawPath(element, panels, pins) {
  const able = pins.length < 2 ? [] : panels.filter((panel) => panel.decoding.possible);
  element.replaceChildren(...able.map((panel) => createWay(panel, pins, panels.length > 1)));
}

function createWay(panel, pins, named) {
  const words = `${named ? `${panel.title}: f` : "F"}rom pin 1 to pin 2; below each step, the test pictures near it`;
  const steps = stepsBetween(pins).map((place, k) => createStep(panel, place, k));
  return make("div", "way", {}, make("span", "word", {}, words), make("div", "steps", {}, ...steps));
}

function createStep(panel, place, k) {
  const near = panel.crowd(place);
  const name = `Step ${k + 1} of ${STEPS} from pin 1 to pin 2, ${near} test pictures near it`;
  const canvas = make("canvas", "", { role: "img", "aria-label": name });
  paintStep(canvas, panel, place);
  return make("figure", near ? "" : "empty", {}, canvas, make("figcaption", "", {}, String(near)));
}

async function paintStep(canvas, panel, place) {
  const { pixels } = panel.decoding.picture(place);
  if (pixels) paint(canvas, pixels, panel.shape);
  else if (!panel.waiting) {
    const got = await exactPicture(panel.run, panel.decoding.codeAt(place), panel.decoding.pixels);
    if (got) paint(canvas, got, panel.shape);
  }
}
