import { make } from "./element.js";

/** Write words and a smaller line below them; nothing is touched where they stand there already. */
export function caption(element, words, detail) {
  const text = `${words}\n${detail}`;
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.replaceChildren(words, make("br"), make("small", "", {}, detail));
}
