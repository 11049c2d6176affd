import { make } from "../../shared/element.js";
import { button, press } from "./button.js";

const TOOLS = { explore: "Explore", box: "Box", lasso: "Lasso" };
const CORNERS = { a: "Set A", b: "Set B", c: "Set C" };

/** Explore moves the pointer and pins; box and lasso choose dots; A, B and C are pictures that a plane goes through. */
export function createTools(marks, { tools, three }, clear) {
  const offered = Object.entries({ ...(tools ? TOOLS : {}), ...(three ? CORNERS : {}) });
  const buttons = offered.map(([tool, title], k) =>
    button(title, () => {
      marks.tool = tool;
      press(buttons, k);
    }),
  );
  press(
    buttons,
    offered.findIndex(([tool]) => tool === marks.tool),
  );
  const clearing = button("Clear", clear);
  clearing.classList.add("clear");
  return make("div", "tools", { role: "group", "aria-label": "What the pointer does" }, ...buttons, clearing);
}
