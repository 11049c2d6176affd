// The figure of the start page: the way from one code to the next, bars that are pulled, and the error in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barAt, valueAt } from "../../../ui/components/autoencoder/bars.js";
import { errorWords, squaredError } from "../../../ui/components/autoencoder/error.js";
import { between, eased, GLIDE_MS } from "../../../ui/components/autoencoder/glide.js";
import { floats } from "./numbers.js";

test("a code glides from one to the next, slowly at both ends, and stays there", () => {
  assert.deepEqual(
    [-5, 0, GLIDE_MS / 2, GLIDE_MS, 1e9].map((time) => eased(time)),
    [0, 0, 0.5, 1, 1],
  );
  assert.ok(eased(0.1 * GLIDE_MS) < 0.05 && eased(0.9 * GLIDE_MS) > 0.95);
  assert.deepEqual(between([0, 4], [2, 0], 0.25), [0.5, 3]);
});

test("the bar under a finger, and the value at its height, never beyond the ends", () => {
  assert.deepEqual(
    [-1, 0, 0.124, 0.126, 0.999, 1, 2].map((share) => barAt(share, 8)),
    [0, 0, 0, 1, 7, 7, 7],
  );
  assert.deepEqual(
    [-1, 0, 0.25, 1, 9].map((share) => valueAt(share, [-2, 6])),
    [-2, -2, 0, 6, 6],
  );
});

test("the error is the mean over pixels of squared differences, in words what that means", () => {
  assert.equal(squaredError(floats([0, 1, 0.5, 0]), floats([0, 0.5, 0.5, 1])), (0.25 + 1) / 4);
  assert.equal(squaredError(floats([0.25]), floats([0.25])), 0);
  assert.equal(errorWords(0.04), "as if every pixel were off by 20 % of the way from black to white");
});
