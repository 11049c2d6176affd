import { make } from "../../shared/element.js";
import { button } from "./button.js";

/** Buttons of the classes; pressing some leaves only those in colour. */
export function createLegend(dots, changed) {
  const tell = () => {
    classes.forEach((one, c) => {
      one.setAttribute("aria-pressed", Boolean(dots.shown?.has(c)));
    });
    all.setAttribute("aria-pressed", !dots.shown);
  };
  const press = (change) => () => {
    change();
    tell();
    changed();
  };
  const showAll = () => {
    dots.shown = null;
  };
  const all = button("all", press(showAll));
  const classes = dots.classes.map((name, c) => {
    const mark = make("i");
    mark.style.background = dots.colours[c];
    const made = make("button", "class", { type: "button", "aria-label": `Class ${name}` }, mark, name);
    made.addEventListener(
      "click",
      press(() => dots.toggle(c)),
    );
    return made;
  });
  tell();
  const group = { role: "group", "aria-label": "Classes to show" };
  return make("div", "legend", group, make("span", "word", {}, "Show"), all, ...classes);
}
