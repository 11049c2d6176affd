// What is drawn on the sheet, and how it is sent.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Ink } from "../../../ui/components/sketch_pad/ink.js";
import { packedRuns } from "../../../ui/components/sketch_pad/runs.js";
import { Sending } from "../../../ui/components/sketch_pad/sending.js";
import { along } from "../../../ui/components/sketch_pad/stroke.js";
import { close } from "./numbers.js";

const sheet = () => new Ink({ height: 3, width: 4, k: 5 });
const row = (ink, j) => [...ink.values.slice(j * ink.width, (j + 1) * ink.width)];

test("equal bytes are runs of at most 255", () => {
  const runs = (bytes) => [...Buffer.from(packedRuns(Uint8Array.from(bytes)), "base64")];
  assert.deepEqual(runs([7, 7, 7, 0, 1]), [3, 7, 1, 0, 1, 1]);
  assert.deepEqual(runs(Array(600).fill(9)), [255, 9, 255, 9, 90, 9]);
  assert.deepEqual(runs([]), []);
});

test("a brush is full inside, soft at its edge, and leaves the rest alone", () => {
  const ink = sheet();
  ink.stamp(10, 7.5, 4, false);
  const line = row(ink, 7); // through the middle; soft over 1.8, half at the radius
  close([line[10], line[12], line[15]], [1, 1, 0]);
  close([line[13], line[14]], [(4 + 0.9 - 3.5) / 1.8, (4 + 0.9 - 4.5) / 1.8]);
  assert.deepEqual(line.toReversed(), line);
  assert.equal(ink.empty, false);
});

test("ink never loses by ink, and the eraser takes it away, up to the border", () => {
  const ink = sheet();
  ink.stamp(0, 0, 3, false);
  const before = ink.values.slice();
  ink.stamp(1, 0, 3, false);
  assert.ok(ink.values.every((value, i) => value >= before[i]));
  ink.stamp(0, 0, 30, true);
  assert.ok(ink.empty);
});

test("noise is one grey for a pixel of the network, given once in a stroke", () => {
  const ink = sheet();
  const done = new Set();
  const greys = [0.25, 0.5, 0.75];
  const next = () => greys.shift();
  ink.speckle(2.5, 2.5, 5, done, next); // reaches the middle of the first pixel, its right and its lower neighbour
  assert.deepEqual([[...done], greys], [[0, 1, 4], []]);
  assert.deepEqual(row(ink, 4), [...Array(5).fill(0.25), ...Array(5).fill(0.5), ...Array(10).fill(0)]);
  assert.deepEqual(row(ink, 5), [...Array(5).fill(0.75), ...Array(15).fill(0)]);
  ink.speckle(2.5, 2.5, 5, done, () => assert.fail("a pixel was given a second grey"));
});

test("a box is snapped to the pixels of the network and stays on the sheet", () => {
  const ink = sheet();
  assert.deepEqual(ink.snapped([6, 11], [4, 2]), [0, 0, 10, 15]);
  assert.deepEqual(ink.snapped([-9, -9], [99, 99]), [0, 0, 20, 15]);
  ink.values.fill(1);
  ink.fill([5, 0, 10, 15], 0);
  assert.deepEqual(row(ink, 14), [...Array(5).fill(1), ...Array(5).fill(0), ...Array(10).fill(1)]);
});

test("a picture becomes k x k greys a pixel, and ink becomes bytes", () => {
  const ink = sheet();
  ink.become(Uint8Array.from({ length: 12 }, (_, i) => 20 * i));
  const bytes = ink.bytes();
  assert.deepEqual(
    [bytes[0], bytes[4], bytes[5], bytes[4 * 20 + 19], bytes[5 * 20], bytes[299]],
    [0, 0, 20, 60, 80, 220],
  );
});

test("a stroke is set down at least every third of the radius, at its end but not at its beginning", () => {
  const seen = [];
  assert.equal(
    along([0, 0], [6, 8], 6, (x, y) => seen.push([x, y])),
    5,
  );
  close(seen.flat(), [1.2, 1.6, 2.4, 3.2, 3.6, 4.8, 4.8, 6.4, 6, 8]);
  assert.equal(
    along([3, 3], [3, 3], 6, () => assert.fail()),
    0,
  );
});

test("while somebody draws one message leaves every 150 ms, and one at once when the stroke is done", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1000;
  mock.method(performance, "now", () => now);
  const sent = [];
  const sending = new Sending((done) => sent.push([now, done]));
  const pass = (milliseconds) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
  };
  for (let k = 0; k < 4; k++) {
    sending.due(false, () => true); // at 1000, 1050, 1100 and 1150
    pass(50);
  }
  sending.due(true, () => false);
  pass(1000);
  assert.deepEqual(sent, [
    [1000, false],
    [1150, false],
    [1200, true],
  ]);
  sending.due(false, () => false);
  sending.due(false, () => false);
  pass(150);
  assert.deepEqual(sent.slice(3), [
    [2200, false],
    [2350, true], // nobody draws any more
  ]);
  sending.due(false, () => true);
  sending.stop();
  pass(1000);
  assert.equal(sent.length, 5);
  mock.reset();
});
