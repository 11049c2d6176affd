// The curve in a line of the list of runs, and the way from one code to the next on the start page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { curve } from "../../../ui/components/run_list/curve.js";
import { between, eased, GLIDE_MS } from "../../../ui/components/squeeze/glide.js";

test("a curve fills its box, on a logarithmic scale where all is positive", () => {
  assert.equal(curve([100, 10, 1]), "1.0,2.0 50.0,15.0 99.0,28.0");
  assert.equal(curve([1, 0, -1]), "1.0,2.0 50.0,15.0 99.0,28.0");
  assert.equal(curve([5, 5]), "1.0,2.0 99.0,2.0");
  assert.deepEqual([curve([]), curve([1])], ["", ""]);
});

test("a code glides from one to the next, slowly at both ends, and stays there", () => {
  assert.deepEqual(
    [-5, 0, GLIDE_MS / 2, GLIDE_MS, 1e9].map((time) => eased(time)),
    [0, 0, 0.5, 1, 1],
  );
  assert.ok(eased(0.1 * GLIDE_MS) < 0.05 && eased(0.9 * GLIDE_MS) > 0.95);
  assert.deepEqual(between([0, 4], [2, 0], 0.25), [0.5, 3]);
});
