const SEND_MS = 150; // between two messages while somebody draws

/** Messages to the server: at most one every SEND_MS, and one at once where a stroke is done. */
export class Sending {
  constructor(send) {
    this.send = send;
    this.sentAt = 0;
    this.timer = 0;
  }

  /** There is something new; `drawing` is asked once the message leaves. */
  due(done, drawing) {
    const wait = done ? 0 : this.sentAt + SEND_MS - performance.now();
    if (wait <= 0) {
      this.stop();
      this.leave(done);
    } else {
      this.timer ||= setTimeout(() => {
        this.timer = 0;
        this.leave(!drawing());
      }, wait);
    }
  }

  leave(done) {
    this.sentAt = performance.now();
    this.send(done);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }
}
