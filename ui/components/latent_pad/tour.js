const TOUR_MS = 16000;

/** Where the pointer of a tour is after some seconds: it swings around a place, and comes to rest there. */
export function tourPlace([a, b], seconds) {
  const fade = Math.min(1, seconds / 2, Math.max(0, TOUR_MS / 1000 - seconds) / 2);
  return [a + 0.3 * fade * Math.sin(0.7 * seconds), b + 0.3 * fade * Math.sin(1.1 * seconds)];
}

/** The pointer moves by itself until somebody touches it. */
export class Tour {
  constructor(from, move) {
    Object.assign(this, { from, move, frame: 0, began: performance.now() });
  }

  start() {
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    const seconds = (now - this.began) / 1000;
    this.move(tourPlace(this.from, seconds));
    if (seconds * 1000 < TOUR_MS) this.start();
  }

  stop() {
    cancelAnimationFrame(this.frame);
  }
}
