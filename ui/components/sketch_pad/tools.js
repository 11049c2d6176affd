const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The radio buttons of the tools, moved through by arrow keys. */
export class Tools {
  constructor(root, chosen) {
    this.chosen = chosen; // what is called with the name of the new tool
    this.buttons = [...root.querySelectorAll("[data-tool]")];
    this.buttons.forEach((button, i) => {
      button.addEventListener("click", () => this.choose(button.dataset.tool));
      button.addEventListener("keydown", (event) => this.press(event, i));
    });
  }

  choose(tool) {
    for (const button of this.buttons) {
      button.setAttribute("aria-checked", button.dataset.tool === tool);
      button.tabIndex = button.dataset.tool === tool ? 0 : -1;
    }
    this.chosen(tool);
  }

  press(event, i) {
    const way = WAYS[event.key];
    if (!way) return;
    event.preventDefault();
    const next = this.buttons[(i + way + this.buttons.length) % this.buttons.length];
    this.choose(next.dataset.tool);
    next.focus();
  }
}
