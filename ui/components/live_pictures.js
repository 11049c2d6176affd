// Pictures that follow dials: while one moves, the server is asked for what they show at its new place, one question at a
// time, always the latest. What a rerun of the page brings is shown where no dial has gone on since.
const instances = new WeakMap();

function create(root) {
  const box = root.querySelector("div");
  const turned = new Map();  // name of a dial -> where it was moved to, until the page has caught up
  const s = { data: null, html: null, edition: 0, asking: false, again: false };

  function show(html) {
    if (html === s.html) return;
    s.html = html;
    const next = document.createElement("template");
    next.innerHTML = html;
    patch(box, next.content);
  }
  function address() {
    const places = { ...s.data.at, ...Object.fromEntries([...turned].map(([name, turn]) => [name, turn.value])) };
    return new URL(`${s.data.address}?${new URLSearchParams(places)}`, document.baseURI);
  }
  async function ask() {
    s.again = s.asking;
    if (s.asking) return;
    s.asking = true;
    do {
      s.again = false;
      const { edition } = s, answer = await fetch(address()).catch(() => null);
      const html = answer?.ok ? await answer.text().catch(() => null) : null;
      if (html === null) break;  // the page itself will answer
      if (edition === s.edition) show(html);
      else s.again = turned.size > 0;  // the page was drawn meanwhile, perhaps with other things than these pictures show
    } while (s.again);
    s.asking = false;
  }
  function follow(event) {
    const turn = event.detail;
    if (!(turn.name in s.data.at)) return;
    event.preventDefault();
    turned.set(turn.name, turn);
    ask();
  }
  function renew(data) {
    s.data = data; s.edition += 1;
    for (const [name, turn] of turned) if (data.at[name] === turn.value || !turn.ahead()) turned.delete(name);
    if (turned.size === 0) show(data.html);
    else ask();
  }
  document.addEventListener("dial-turned", follow);
  return { renew, end: () => document.removeEventListener("dial-turned", follow) };
}

// Change in place what differs, so that one picture follows the other without a gap.
function patch(old, next) {
  const here = [...old.childNodes], there = [...next.childNodes];
  if (here.length !== there.length || here.some((node, i) => node.nodeName !== there[i].nodeName)) return old.replaceChildren(...there);
  here.forEach((node, i) => {
    if (!(node instanceof Element)) { if (node.data !== there[i].data) node.data = there[i].data; return; }
    for (const { name } of [...node.attributes]) if (!there[i].hasAttribute(name)) node.removeAttribute(name);
    for (const { name, value } of there[i].attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    patch(node, there[i]);
  });
}

export default function ({ data, parentElement }) {
  let made = instances.get(parentElement);
  if (!made) instances.set(parentElement, made = create(parentElement));
  made.renew(data);
  return () => { made.end(); instances.delete(parentElement); };
}
