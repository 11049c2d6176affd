import { make } from "../../shared/element.js";

/** A plain button and what a press does. */
export function button(title, pressed, attributes = {}) {
  const made = make("button", "plain", { type: "button", ...attributes }, title);
  made.addEventListener("click", pressed);
  return made;
}

/** Mark one of some buttons as the pressed one. */
export function press(buttons, chosen) {
  buttons.forEach((one, k) => {
    one.setAttribute("aria-pressed", String(k === chosen));
  });
}
