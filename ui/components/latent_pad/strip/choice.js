import { make } from "../../shared/element.js";
import { button, press } from "./button.js";

/** Buttons for the first map alone and for all maps, where there is such a choice; number `chosen` is pressed. */
export function createChoice(titles, chosen, changed) {
  if (!titles?.length) return [];
  const buttons = titles.map((title, k) =>
    button(title, () => {
      press(buttons, k);
      changed(k === 1);
    }),
  );
  press(buttons, chosen);
  return [make("div", "choice", { role: "group", "aria-label": "Maps to show" }, ...buttons)];
}
