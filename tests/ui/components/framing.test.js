// How a drawing is framed in the browser; that it is as in Python, number for number, is in test_scripts.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { framed, inkBox, resized, rounded } from "../../../ui/components/autoencoder/framing.js";
import { close, floats } from "./numbers.js";

test("halves go to the even number, as in Python", () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4999, 2.5001, 7].map(rounded), [0, 2, 2, 2, 3, 7]);
});

test("the box of the ink, and none where there is no ink", () => {
  const drawing = floats([0, 0, 0, 0, 0.5, 0, 0, 0.02, 0, 0.03, 0, 0]);
  assert.deepEqual(inkBox(drawing, 4), [1, 3, 0, 2]);
  assert.equal(inkBox(floats([0.02, 0]), 2), null);
});

test("a pixel is the mean of the area it covers", () => {
  close(resized(floats([0, 1, 1, 0.5, 0, 1]), 3, [0, 2, 0, 3], 1, 2), [(0 + 1 / 2 + 0.5) / 3, (0.5 + 1 + 1) / 3]);
  close(resized(floats([0.2, 0.8]), 2, [0, 1, 1, 2], 2, 2), [0.8, 0.8, 0.8, 0.8]);
});

test("an empty sheet is a black picture, and a long stroke fits the box of twenty", () => {
  assert.ok(framed(new Float32Array(112 * 112), 112).every((value) => value === 0));
  const stroke = new Float32Array(112 * 112);
  for (let j = 3; j < 103; j++) stroke.fill(1, j * 112 + 80, j * 112 + 87); // 100 x 7, in a corner
  const [top, bottom, left, right] = inkBox(framed(stroke, 112), 28);
  assert.deepEqual([bottom - top, right - left], [20, 1]);
  assert.ok(Math.abs((left + right) / 2 - 14) <= 1 && Math.abs((top + bottom) / 2 - 14) <= 1);
});
