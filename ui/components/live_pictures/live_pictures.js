// Pictures that follow dials: while one moves, the server is asked for what they show at its new place, one question at
// a time, always the latest. What a rerun of the page brings is shown where no dial has gone on since.
const parts = new WeakMap();

class LivePictures {
  constructor(root) {
    this.box = root.querySelector("div");
    this.turned = new Map(); // name of a dial -> where it was moved to, until the page has caught up
    this.data = null;
    this.html = null;
    this.edition = 0;
    this.asking = false;
    this.again = false;
    this.follow = (event) => this.turn(event);
    document.addEventListener("dial-turned", this.follow);
  }

  show(html) {
    if (html === this.html) return;
    this.html = html;
    const next = document.createElement("template");
    next.innerHTML = html;
    patch(this.box, next.content);
  }

  address() {
    const places = { ...this.data.at };
    for (const [name, turn] of this.turned) places[name] = turn.value;
    return new URL(`${this.data.address}?${new URLSearchParams(places)}`, document.baseURI);
  }

  async ask() {
    this.again = this.asking;
    if (this.asking) return;
    this.asking = true;
    do {
      this.again = false;
      const { edition } = this;
      const html = await answer(this.address());
      if (html === null) break; // the page itself will answer
      if (edition === this.edition) this.show(html);
      else this.again = this.turned.size > 0; // the page was drawn meanwhile, perhaps with other things than these show
    } while (this.again);
    this.asking = false;
  }

  turn(event) {
    const turn = event.detail;
    if (!(turn.name in this.data.at)) return;
    event.preventDefault();
    this.turned.set(turn.name, turn);
    this.ask();
  }

  renew(data) {
    this.data = data;
    this.edition += 1;
    for (const [name, turn] of this.turned) {
      if (data.at[name] === turn.value || !turn.ahead()) this.turned.delete(name);
    }
    if (this.turned.size === 0) this.show(data.html);
    else this.ask();
  }

  end() {
    document.removeEventListener("dial-turned", this.follow);
  }
}

/** What the server says at an address; null where it says nothing good. */
async function answer(address) {
  const response = await fetch(address).catch(() => null);
  return response?.ok ? response.text().catch(() => null) : null;
}

/** Change in place what differs, so that one picture follows the other without a gap. */
function patch(old, next) {
  const here = [...old.childNodes];
  const there = [...next.childNodes];
  if (here.length !== there.length || here.some((node, i) => node.nodeName !== there[i].nodeName)) {
    old.replaceChildren(...there);
    return;
  }
  here.forEach((node, i) => {
    if (node instanceof Element) patchElement(node, there[i]);
    else if (node.data !== there[i].data) node.data = there[i].data;
  });
}

function patchElement(old, next) {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  patch(old, next);
}

export default function ({ data, parentElement }) {
  if (!parts.has(parentElement)) parts.set(parentElement, new LivePictures(parentElement));
  const part = parts.get(parentElement);
  part.renew(data);
  return () => {
    part.end();
    parts.delete(parentElement);
  };
}
