import assert from "node:assert/strict";

export const floats = (values) => Float32Array.from(values);

/** Two lists of numbers are the same, as far as single precision tells. */
export function close(seen, wanted, within = 1e-6) {
  assert.equal(seen.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Math.abs(seen[i] - wanted[i]) <= within, `number ${i}: ${seen[i]} instead of ${wanted[i]}`);
  }
}
