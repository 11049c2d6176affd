// The geometry of a map: which dot is near, which are inside, what is marked, what is written at the axes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Plane } from "../../../ui/components/latent_pad/decoding/plane.js";
import { Dots } from "../../../ui/components/latent_pad/dots.js";
import { ticks } from "../../../ui/components/latent_pad/drawing/axes.js";
import { middles } from "../../../ui/components/latent_pad/drawing/names.js";
import { crowd, inside, nearest } from "../../../ui/components/latent_pad/geometry.js";
import { Marks } from "../../../ui/components/latent_pad/marks.js";
import { bitsOf, maskOf } from "../../../ui/components/latent_pad/mask.js";
import { stepsBetween } from "../../../ui/components/latent_pad/strip/path.js";
import { close, floats } from "./numbers.js";

const POINTS = floats([0, 0, 3, 4, -1, 0, 0, 0.5]);
const all = () => true;

test("the nearest dot that is shown, and how far it is", () => {
  assert.deepEqual(nearest(POINTS, [3, 0], all), { index: 0, far: 3 });
  assert.deepEqual(nearest(POINTS, [3, 4], all), { index: 1, far: 0 });
  assert.deepEqual(
    nearest(POINTS, [3, 0], (i) => i === 1),
    { index: 1, far: 4 },
  );
  assert.deepEqual(
    nearest(POINTS, [3, 0], () => false),
    { index: -1, far: Number.POSITIVE_INFINITY },
  );
});

test("dots within reach are counted, those at its end too", () => {
  assert.deepEqual(
    [0.4, 0.5, 1, 5].map((reach) => crowd(POINTS, [0, 0], reach)),
    [1, 2, 3, 4],
  );
});

test("a point is inside of a polygon, whichever way it was drawn", () => {
  const arrow = [
    [0, 0],
    [4, 0],
    [4, 4],
    [2, 1], // a dent
    [0, 4],
  ];
  const spots = [
    [1, 1],
    [3, 1],
    [2, 2],
    [5, 1],
    [-1, 2],
  ];
  for (const corners of [arrow, arrow.toReversed()]) {
    assert.deepEqual(
      spots.map((spot) => inside(corners, spot)),
      [true, true, false, false, false],
    );
  }
});

test("a mask is one bit a dot, the lowest first, and comes back", () => {
  const mask = Uint8Array.from({ length: 19 }, (_, i) => Number(i % 3 === 0));
  assert.deepEqual([...Buffer.from(bitsOf(mask), "base64")], [0b01001001, 0b10010010, 0b00000100]);
  assert.deepEqual(maskOf(bitsOf(mask), 19), mask);
  assert.deepEqual([...maskOf(bitsOf(mask), 21)].slice(18), [1, 0, 0]);
  assert.deepEqual([bitsOf(null), maskOf(null, 3), maskOf("", 3)], [null, null, null]);
  assert.deepEqual([...maskOf("AQ==", 10)], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // too short: none of the others
});

test("classes are shown one by one, and all again once none is left", () => {
  const dots = new Dots({ labels: [0, 1, 2], classes: ["a", "b", "c"], colours: [] }, { classes: [1] });
  const shown = () => [0, 1, 2].filter((i) => dots.isShown(i));
  assert.deepEqual(shown(), [1]);
  dots.toggle(2);
  assert.deepEqual(shown(), [1, 2]);
  dots.toggle(1);
  dots.toggle(2);
  assert.deepEqual([dots.shown, shown()], [null, [0, 1, 2]]);
});

test("marks are kept as places and told as coordinates of four digits", () => {
  const plane = new Plane({ box: [0, 3, -1, 1], origin: floats([0, 0]), axes: floats([1, 0, 0, 1]), further: [] });
  const pins = [
    [9, 9],
    [1, 0],
    [2, 0.5],
  ];
  const marks = new Marks(plane, { at: [1.5, 0], pins }, [4, 5, 6]);
  assert.deepEqual(marks.at, [0.5, 0.5]);
  assert.deepEqual(marks.told(), { at: [1.5, 0], pins: pins.slice(1), three: [4, 5, 6] }); // the last two pins stay
  marks.pin([1 / 9, 0]);
  assert.deepEqual(marks.told().pins, [
    [2, 0.5],
    [0.3333, -1],
  ]);
  assert.deepEqual(new Marks(plane, {}, null).told(), { at: [1.5, 0], pins: [], three: null });
});

test("ticks are a few round numbers inside of the limits, with a true minus", () => {
  assert.deepEqual(ticks(-2.5, 2.5), [
    [-2, "−2"],
    [-1, "−1"],
    [0, "0"],
    [1, "1"],
    [2, "2"],
  ]);
  for (const [low, high] of [
    [-0.031, 0.077],
    [3, 1234],
    [0.5, 0.51],
    [-9e5, 1],
  ]) {
    const found = ticks(low, high);
    assert.ok(found.length >= 2 && found.length <= 6, `${found.length} ticks`);
    assert.ok(found.every(([t]) => t >= low && t <= high));
  }
});

test("the name of a class stands at the median of its dots; a class without dots has none", () => {
  const points = floats([0, 5, 10, 6, 1, 99, 7, 7]);
  assert.deepEqual(middles(points, Uint8Array.from([0, 0, 0, 2]), 3), [[1, 6], null, [7, 7]]);
});

test("a path has nine places, the pins among them", () => {
  const steps = stepsBetween([
    [0, 1],
    [0.8, 0],
  ]);
  assert.equal(steps.length, 9);
  close(steps[0], [0, 1]);
  close(steps[4], [0.4, 0.5]);
  close(steps[8], [0.8, 0]);
});
