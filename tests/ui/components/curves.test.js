// The curve in a line of the list of runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { curve } from "../../../ui/components/run_list/curve.js";

test("a curve fills its box, on a logarithmic scale where all is positive", () => {
  assert.equal(curve([100, 10, 1]), "1.0,2.0 50.0,15.0 99.0,28.0");
  assert.equal(curve([1, 0, -1]), "1.0,2.0 50.0,15.0 99.0,28.0");
  assert.equal(curve([5, 5]), "1.0,2.0 99.0,2.0");
  assert.deepEqual([curve([]), curve([1])], ["", ""]);
});
