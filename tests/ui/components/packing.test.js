import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHalves } from "../../../ui/components/shared/packing.js";

test("numbers in half precision are what their bits say", () => {
  const known = {
    0: 0,
    32768: -0,
    15360: 1,
    49152: -2,
    13653: 0.333251953125,
    31743: 65504,
    64511: -65504,
    1: 2 ** -24,
    1023: 1023 * 2 ** -24,
    1024: 2 ** -14,
  };
  const bits = Object.keys(known).map(Number);
  assert.deepEqual([...fromHalves(Uint16Array.from(bits))], Object.values(known));
});
