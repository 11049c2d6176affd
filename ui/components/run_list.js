// The list of runs. Rows are kept by the id of their run: a renewal touches only what has changed, nothing flickers, and
// the focus stays where it is. Names come from visitors: they are set as text, never as HTML.
const instances = new WeakMap();

function create(root) {
  const list = root.querySelector("ul"), said = root.querySelector(".said"), blank = root.querySelector("template").content;
  const rows = new Map();  // id of a run -> its line, and what that shows
  const s = { api: null, removed: "" };
  // The pages lie beside this one, below whatever path the app is served.
  const here = () => location.pathname.replace(/\/+$/, "").replace(/[^/]*$/, "");

  list.addEventListener("click", (event) => {
    const control = event.target.closest("[data-action]");
    if (!control || control.href) return;
    said.textContent = ""; s.removed = control.closest("li").dataset.run;
    s.api.setTriggerValue("delete", s.removed);
  });

  function show(data) {
    const wanted = new Set(data.rows.map((row) => row.id));
    const focused = list.getRootNode().activeElement?.closest("li");
    const next = heir(focused, wanted);
    [...rows].filter(([id]) => !wanted.has(id)).forEach(([id, { line }]) => { line.remove(); rows.delete(id); });
    let place = list.firstElementChild;
    for (const row of data.rows) {
      const { line } = filled(row, data);
      if (line === place) place = place.nextElementSibling;
      else list.insertBefore(line, place);  // only new ones: a line that moves would lose the focus
    }
    list.classList.toggle("shipped", !data.rows.some((row) => row.can.includes("delete")));
    if (focused && !focused.isConnected) next?.focus();
    if (s.removed && !wanted.has(s.removed)) { said.textContent = "Deleted. Undo is above the list."; s.removed = ""; }
  }
  // Who gets the focus where its line goes away: the line below that stays, else the one above.
  function heir(line, wanted) {
    const stays = (other) => !other || wanted.has(other.dataset.run);
    let below = line?.nextElementSibling, above = line?.previousElementSibling;
    while (!stays(below)) below = below.nextElementSibling;
    while (!stays(above)) above = above.previousElementSibling;
    return below ?? above;
  }
  function filled(row, data) {
    const text = JSON.stringify(row);
    let kept = rows.get(row.id);
    if (!kept) rows.set(row.id, kept = { line: blank.querySelector("li").cloneNode(true), text: "" });
    if (kept.text !== text) { kept.text = text; fill(kept.line, row, data); }
    return kept;
  }
  function fill(line, row, data) {
    const find = (selector) => line.querySelector(selector);
    line.dataset.run = row.id;
    line.classList.toggle("broken", Boolean(row.sentence));
    find(".name b").textContent = row.sentence || row.title;
    find(".name small").textContent = row.sentence ? "" : `seed ${row.seed} · ${row.id}`;
    find(".state span").textContent = row.state;
    find(".state").className = `state ${row.colour}`;
    find(".curve").classList.toggle("none", row.curve.length < 2);
    find("polyline").setAttribute("points", points(row.curve));
    find("polyline").setAttribute("stroke", data.colour);
    find(".numbers b").textContent = row.error;
    find(".numbers small").hidden = !row.error;
    find(".numbers span").textContent = row.notes.join("\n");
    line.querySelectorAll("[data-action]").forEach((control) => {
      const { action } = control.dataset;
      if (data.links[action]) control.href = here() + data.links[action] + encodeURIComponent(row.id);
      control.hidden = !row.can.includes(action);
      control.setAttribute("aria-label", `${control.textContent} ${row.title ? `${row.title}, ` : ""}${row.id}`);
    });
  }
  return { show, state: s };
}

// A curve without axes in a box of 100 by 30; on a logarithmic scale where all values are positive.
function points(values) {
  if (values.length < 2) return "";
  const scaled = values.every((value) => value > 0) ? values.map(Math.log) : values;
  const top = Math.max(...scaled), span = top - Math.min(...scaled) || 1;
  return scaled.map((y, i) => `${(1 + 98 * i / (scaled.length - 1)).toFixed(1)},${(2 + 26 * (top - y) / span).toFixed(1)}`).join(" ");
}

export default function (component) {
  const { data, parentElement } = component;
  let made = instances.get(parentElement);
  if (!made) instances.set(parentElement, made = create(parentElement));
  made.state.api = component;
  if (data) made.show(data);
  return () => instances.delete(parentElement);
}
