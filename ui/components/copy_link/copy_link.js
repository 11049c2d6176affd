import { shutMenuAfterChoice } from "../shared/menu.js";
import { keepLinksInVisit, keepStepsToPages } from "../shared/visit_links.js";

const SAY_MS = 2500;
const timers = new WeakMap();

/** Put a text on the clipboard, also where the page is not served over HTTPS; false where the browser refuses. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // not allowed here: the older way
  }
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

export default function ({ parentElement }) {
  keepLinksInVisit();
  keepStepsToPages();
  shutMenuAfterChoice();
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("[role=status]");
  button.onclick = async () => {
    const done = await copied(location.href);
    button.focus();
    said.textContent = done ? "Copied: it opens this page as it is now" : "Copy it from the address bar";
    clearTimeout(timers.get(parentElement));
    const silence = () => {
      said.textContent = "";
    };
    timers.set(parentElement, setTimeout(silence, SAY_MS));
  };
  return () => clearTimeout(timers.get(parentElement));
}
