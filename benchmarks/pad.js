// Moves the pointer over the first latent pad, one move a frame, and measures what each move costs. Between the first
// and the last listener of an event lies all that the pad does with it; reading one pixel back makes the canvas really
// paint.
(moves) => new Promise((done) => {
  const find = (node) => node.querySelector?.('canvas.marks') ||
    [...node.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
  const surface = find(document), output = surface.getRootNode().querySelector('canvas.output');
  const frame = surface.getBoundingClientRect(), took = [], pictures = new Set();
  let began = 0, k = 0;
  const before = () => { began = performance.now(); };
  const after = () => {
    const pixels = output.getContext('2d').getImageData(0, 0, output.width, output.height).data;
    surface.getContext('2d').getImageData(0, 0, 1, 1);
    took.push(performance.now() - began); pictures.add(pixels.join());
  };
  window.addEventListener('pointermove', before, true); window.addEventListener('pointermove', after);
  const step = () => {
    if (k === moves) {
      window.removeEventListener('pointermove', before, true); window.removeEventListener('pointermove', after);
      done({ took, pictures: pictures.size });
      return;
    }
    const t = 2 * Math.PI * k++ / moves, reach = 0.1 + 0.05 * t;
    surface.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, composed: true, pointerId: 1,
      clientX: frame.left + frame.width * (0.5 + reach * Math.sin(5 * t)),
      clientY: frame.top + frame.height * (0.5 + reach * Math.cos(5 * t)) }));
    requestAnimationFrame(step);
  };
  step();
})
