// Measures inside the page, from the browser's own event to the frame in which its answer is painted.
window.bench = (() => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => done(performance.now())));

  // The picture in the row "Output" of a sheet.
  const output = () => [...document.querySelectorAll(".ae-sheet .ae-row")]
    .find((row) => row.firstElementChild.textContent.trim().startsWith("Output"))?.querySelector("img");

  // All pictures in a part of the page, by their addresses.
  const pictures = (selector) => [...document.querySelectorAll(`${selector} img`)];

  // What the latent pads and the figure of the start page say of themselves: titles, names of axes, the code.
  const pads = () => deep(document)
    .filter((element) => element.matches(".panel h2, .axes, .code-words") && !element.closest("[hidden]"))
    .map((element) => element.textContent).join();

  const says = (word) => [...document.querySelectorAll("[data-testid=stApp] span")]
    .find((element) => element.textContent.trim() === word);

  // Resolves with what `found` returns, as soon as that is something.
  const until = (found, limit) => new Promise((done, fail) => {
    const observer = new MutationObserver(look);
    let over = false;
    const timer = setTimeout(() => {
      over = true; observer.disconnect(); fail(new Error(`no answer within ${limit} ms`));
    }, limit);
    function look() {
      const what = found();
      if (what) { over = true; observer.disconnect(); clearTimeout(timer); done(what); }
    }
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    // What changes inside a component no observer sees.
    const each = () => { if (!over) { look(); requestAnimationFrame(each); } };
    each();
  });

  // Milliseconds from the next event of this type to the frame that shows what `found` returns; read `bench.measured`.
  const arm = (type, found, limit) => {
    bench.measured = (async () => {
      const began = await new Promise((done) =>
        document.addEventListener(type, (event) => done(event.timeStamp), { capture: true, once: true }));
      const what = await until(found, limit);
      if (what instanceof HTMLImageElement) await what.decode().catch(() => {});  // a replaced one is painted too
      return await frame() - began;
    })();
    bench.measured.catch(() => {});
  };

  const deep = (root) => [...root.querySelectorAll("*")]
    .flatMap((e) => [e, ...(e.shadowRoot ? deep(e.shadowRoot) : [])]);
  const lit = (canvas) => canvas.width && canvas.height &&
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v, i) => i % 4 < 3 && v > 0);

  return {
    newPicture: (type, limit) => {
      const old = output()?.src;
      arm(type, () => { const now = output(); return now && now.src !== old && now; }, limit);
    },
    otherPictures: (type, limit, selector) => {
      const old = new Set(pictures(selector).map((image) => image.src));
      arm(type, () => pictures(selector).find((image) => !old.has(image.src)), limit);
    },
    otherPad: (type, limit) => {
      const old = pads();
      arm(type, () => { const now = pads(); return now && now !== old; }, limit);
    },
    word: (type, word, limit) => arm(type, () => says(word), limit),

    // Milliseconds from the start of the navigation to the frame after every canvas of a kind shows something.
    canvases: async (selector, kind, limit) => {
      for (let now = 0; now < limit; now = await frame()) {
        const root = document.querySelector(selector);
        const found = root ? deep(root).filter((element) => element.matches(kind)) : [];
        if (found.length && found.every(lit)) return frame();
      }
      throw new Error(`no picture within ${limit} ms`);
    },

    // Milliseconds from the start of the navigation to the frame after the first picture, lit canvas or drawn curve.
    firstPicture: async (limit) => {
      for (let now = 0; now < limit; now = await frame()) {
        const main = document.querySelector("[data-testid=stMain]");
        if (!main) continue;
        const found = deep(main).find((e) => e instanceof HTMLImageElement ? e.complete && e.naturalWidth
          : e instanceof HTMLCanvasElement ? lit(e) : e.matches("polyline") && e.points.length);
        if (found) return frame();
      }
      throw new Error(`no picture within ${limit} ms`);
    },

    // The moments at which another picture was on screen during so many milliseconds, with begin and end.
    changes: async (milliseconds) => {
      const moments = [await frame()], end = moments[0] + milliseconds;
      for (let shown = output()?.src, now = 0; now < end;) {
        now = await frame();
        const src = output()?.src;
        if (src && src !== shown) { shown = src; moments.push(now); }
      }
      return [...moments, performance.now()];
    },
  };
})();
