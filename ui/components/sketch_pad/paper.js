const MARK = "#ffa90e";

/** The sheet as it is seen: the ink, and above it the brush or the box that is pulled. */
export class Paper {
  constructor(root, ink) {
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { ink, element: find(".ink"), hint: find(".paper p") });
    const mark = find(".mark");
    for (const canvas of [this.element, mark]) Object.assign(canvas, { width: ink.width, height: ink.height });
    find(".paper").style.aspectRatio = `${ink.width} / ${ink.height}`;
    this.under = this.element.getContext("2d");
    this.over = mark.getContext("2d");
    this.image = new ImageData(ink.width, ink.height);
  }

  /** Where a pointer is on the sheet. */
  at(event) {
    const box = this.element.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * this.ink.width) / box.width,
      ((event.clientY - box.top) * this.ink.height) / box.height,
    ];
  }

  showInk() {
    const { values } = this.ink;
    const { data } = this.image;
    for (let i = 0; i < values.length; i++) {
      data.fill(255 * values[i], 4 * i, 4 * i + 3);
      data[4 * i + 3] = 255;
    }
    this.under.putImageData(this.image, 0, 0);
  }

  clearMark() {
    this.over.clearRect(0, 0, this.ink.width, this.ink.height);
    this.over.lineWidth = Math.max(1, this.ink.width / 160);
    this.over.strokeStyle = MARK;
  }

  showBox([left, top, right, bottom]) {
    this.over.strokeRect(left, top, right - left, bottom - top);
  }

  showBrush([x, y], radius) {
    this.over.beginPath();
    this.over.arc(x, y, Math.max(2, radius), 0, 7);
    this.over.stroke();
  }
}
