// The list of runs. Rows are kept by the id of their run: a renewal touches only what has changed, nothing flickers,
// and the focus stays where it is. Names come from visitors: they are set as text, never as HTML.
import { curve } from "./curve.js";

const lists = new WeakMap();

class RunList {
  constructor(root) {
    this.list = root.querySelector("ul");
    this.said = root.querySelector(".said");
    this.blank = root.querySelector("template").content.querySelector("li");
    this.rows = new Map(); // id of a run -> its line, and what that shows
    this.removed = "";
    this.setTriggerValue = null;
    this.list.addEventListener("click", (event) => this.press(event));
  }

  press(event) {
    const control = event.target.closest("[data-action]");
    if (!control || control.href) return;
    this.said.textContent = "";
    this.removed = control.closest("li").dataset.run;
    this.setTriggerValue("delete", this.removed);
  }

  show(data) {
    const wanted = new Set(data.rows.map((row) => row.id));
    const focused = this.list.getRootNode().activeElement?.closest("li");
    const next = heir(focused, wanted);
    this.drop(wanted);
    let place = this.list.firstElementChild;
    for (const row of data.rows) {
      const line = this.filled(row, data.links, data.colour);
      if (line === place) place = place.nextElementSibling;
      else this.list.insertBefore(line, place); // only new ones: a line that moves would lose the focus
    }
    this.list.classList.toggle("shipped", !data.rows.some((row) => row.can.includes("delete")));
    if (focused && !focused.isConnected) next?.focus();
    if (this.removed && !wanted.has(this.removed)) {
      this.said.textContent = "Deleted. Undo is above the list.";
      this.removed = "";
    }
  }

  drop(wanted) {
    for (const [id, { line }] of [...this.rows]) {
      if (wanted.has(id)) continue;
      line.remove();
      this.rows.delete(id);
    }
  }

  filled(row, links, colour) {
    const text = JSON.stringify(row);
    if (!this.rows.has(row.id)) this.rows.set(row.id, { line: this.blank.cloneNode(true), text: "" });
    const kept = this.rows.get(row.id);
    if (kept.text !== text) {
      kept.text = text;
      fill(kept.line, row, colour);
      offer(kept.line, row, links);
    }
    return kept.line;
  }
}

/** Who gets the focus where its line goes away: the line below that stays, else the one above. */
function heir(line, wanted) {
  const stays = (other) => !other || wanted.has(other.dataset.run);
  let below = line?.nextElementSibling;
  let above = line?.previousElementSibling;
  while (!stays(below)) below = below.nextElementSibling;
  while (!stays(above)) above = above.previousElementSibling;
  return below ?? above;
}

/** Write what a row says onto its line. */
function fill(line, row, colour) {
  const find = (selector) => line.querySelector(selector);
  line.dataset.run = row.id;
  line.classList.toggle("broken", Boolean(row.sentence));
  find(".name b").textContent = row.sentence || row.title;
  find(".name small").textContent = row.sentence ? "" : `seed ${row.seed} · ${row.id}${row.why && ` · ${row.why}`}`;
  find(".state span").textContent = row.state;
  find(".state").className = `state ${row.colour}`;
  find(".curve").classList.toggle("none", row.curve.length < 2);
  find("polyline").setAttribute("points", curve(row.curve));
  find("polyline").setAttribute("stroke", colour);
  find(".numbers b").textContent = row.error;
  find(".numbers small").hidden = !row.error;
  find(".numbers span").textContent = row.notes.join("\n");
}

/** Show the actions that a row can do, each with its address and its name. */
function offer(line, row, links) {
  for (const control of line.querySelectorAll("[data-action]")) {
    const { action } = control.dataset;
    if (links[action]) control.href = here() + links[action] + encodeURIComponent(row.id);
    control.hidden = !row.can.includes(action);
    control.setAttribute("aria-label", `${control.textContent} ${row.title ? `${row.title}, ` : ""}${row.id}`);
  }
}

/** The pages lie beside this one, below whatever path the app is served. */
function here() {
  return location.pathname.replace(/\/+$/, "").replace(/[^/]*$/, "");
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!lists.has(parentElement)) lists.set(parentElement, new RunList(parentElement));
  const list = lists.get(parentElement);
  list.setTriggerValue = setTriggerValue;
  if (data) list.show(data);
  return () => lists.delete(parentElement);
}
