// The forward pass in the browser, against sums done by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { denseNetwork } from "../../../ui/components/shared/network.js";
import { close, floats } from "./numbers.js";

const layer = (weight, bias, activation) => ({ weight: floats(weight), bias: floats(bias), activation });

test("a layer is its activation of weight times input plus bias", () => {
  const weight = [1, 2, 3, -1, 0, 1]; // two outputs, three inputs
  close(denseNetwork([layer(weight, [0.5, -3], "linear")])([1, 0.5, -1]), [-0.5, -5]);
});

for (const [activation, values] of Object.entries({
  linear: [-2, 0, 2],
  relu: [0, 0, 2],
  silu: [-2 / (1 + Math.E ** 2), 0, 2 / (1 + Math.E ** -2)],
  tanh: [-0.9640276, 0, 0.9640276],
  sigmoid: [0.1192029, 0.5, 0.8807971],
})) {
  test(`the activation ${activation}`, () => {
    close(denseNetwork([layer([1, 1, 1], [-2, 0, 2], activation)])([0]), values);
  });
}

test("layers follow one another, and the next call uses the same arrays again", () => {
  const run = denseNetwork([layer([2, -2], [0, 0], "relu"), layer([1, 10], [1], "linear")]);
  const first = run([3]);
  close(first, [7]);
  close(run([-3]), [61]);
  assert.equal(run([0]), first);
  close(first, [1]);
});
