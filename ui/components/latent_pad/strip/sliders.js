import { make } from "../../shared/element.js";
import { button } from "./button.js";

const STEPS = 400; // places of a slider

/** A slider for each further direction of a panel; they change the values at which it decodes. */
export function createSliders({ further, decoding }, moved, released) {
  const sliders = further.map((direction, k) => createSlider(direction, decoding.values, k, moved, released));
  const element = make("div", "sliders", { role: "group", "aria-label": "The other numbers of the code" });
  element.append(...sliders.map(({ row }) => row));
  if (!sliders.length) return element;
  const reset = button("Back to the middle", () => {
    for (const slider of sliders) slider.reset();
    moved();
    released();
  });
  element.append(reset);
  return element;
}

/** The slider of direction k: its row, and a way back to where it starts. */
function createSlider({ name, low, high, start }, values, k, moved, released) {
  const limits = { min: low, max: high, step: (high - low) / STEPS };
  const input = make("input", "", { type: "range", ...limits, "aria-label": name });
  const number = make("output");
  const write = () => {
    input.value = values[k];
    number.textContent = values[k].toFixed(2).replace("-", "−");
  };
  const reset = () => {
    values[k] = start;
    write();
  };
  input.addEventListener("input", () => {
    values[k] = Number(input.value);
    write();
    moved();
  });
  input.addEventListener("change", released);
  write();
  return { row: make("label", "", {}, make("span", "", {}, name), input, number), reset };
}
