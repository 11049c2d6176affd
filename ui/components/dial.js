// A slider that tells the page while it moves. Whoever follows it (live_pictures.js) cancels the event; then the server is
// told once the slider has rested for REST_MS, else as soon as it is released.
const REST_MS = 200;
const UNDER_WAY_MS = 1000;  // so long may the answer of the server still be one from before the last move
const instances = new WeakMap();

function create(root) {
  const [name, shown, input] = ["span", "b", "input"].map((tag) => root.querySelector(tag));
  const s = { api: null, data: null, first: 0, moved: false, followed: false, timer: 0, sentAt: -UNDER_WAY_MS };
  const at = () => s.data.stops[input.valueAsNumber - s.first];
  const ahead = () => s.moved || performance.now() - s.sentAt < UNDER_WAY_MS;

  function write() {
    const [, text] = at();
    shown.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--share", `${100 * (input.value - input.min) / Math.max(1, input.max - input.min)}%`);
  }
  function send() {
    clearTimeout(s.timer);
    s.timer = 0;
    if (!s.moved) return;
    s.moved = false; s.sentAt = performance.now();
    s.api.setTriggerValue("turned", at()[0]);
  }
  // What a follower may know: where the slider is, and whether the page has yet to hear of it.
  const turn = (value) => ({ name: s.data.name, value, ahead: () => at()[0] === value && ahead() });

  input.addEventListener("input", () => {
    s.moved = true;
    write();
    s.followed = !document.dispatchEvent(new CustomEvent("dial-turned", { cancelable: true, detail: turn(at()[0]) }));
  });
  input.addEventListener("change", () => {
    clearTimeout(s.timer);
    s.timer = setTimeout(send, s.followed ? REST_MS : 0);
  });

  function show(data) {
    const stay = s.data && ahead() && data.stops.length === s.data.stops.length;
    s.data = data; s.first = whole(data.stops) ? Number(data.stops[0][0]) : 0;
    name.textContent = data.label;
    input.setAttribute("aria-label", data.label);  // the value is no part of the name
    input.min = s.first; input.max = s.first + data.stops.length - 1;
    if (!stay) input.value = s.first + data.stops.findIndex(([stop]) => stop === data.at);
    write();
  }
  return { show, state: s };
}

// Whether the stops are whole numbers one after the other: then the slider's own value is the number.
const whole = (stops) => Number.isInteger(Number(stops[0][0])) && stops.every(([stop], i) => Number(stop) === Number(stops[0][0]) + i);

export default function ({ data, parentElement, setTriggerValue }) {
  let made = instances.get(parentElement);
  if (!made) instances.set(parentElement, made = create(parentElement));
  made.state.api = { setTriggerValue };
  made.show(data);
  return () => { clearTimeout(made.state.timer); instances.delete(parentElement); };
}
