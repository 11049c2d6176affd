import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "../../../ui/components/shared/base64.js";
import { fill, shares } from "../../../ui/components/shared/picture.js";
import { floats } from "./numbers.js";

test("a grey pixel is three equal bytes and opaque, cut to what a byte holds", () => {
  const bytes = new Uint8ClampedArray(12);
  fill(bytes, floats([-0.5, 0.5, 1.5]), 3, 1);
  assert.deepEqual([...bytes], [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
});

test("colours come channel after channel", () => {
  const bytes = new Uint8ClampedArray(8);
  fill(bytes, floats([0, 1, 0.2, 0.4, 0.6, 0.8]), 2, 3);
  assert.deepEqual([...bytes], [0, 51, 153, 255, 255, 102, 204, 255]);
});

test("every byte comes back from its share", () => {
  const all = Uint8Array.from({ length: 256 }, (_, k) => k);
  const bytes = new Uint8ClampedArray(4 * 256);
  fill(bytes, shares(all), 256, 1);
  assert.deepEqual(
    bytes.filter((_, i) => i % 4 === 0),
    Uint8ClampedArray.from(all),
  );
});

test("bytes go through base64 and back, also more than fit into one call", () => {
  const bytes = Uint8Array.from({ length: 200_001 }, (_, k) => (k * k) % 256);
  assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.equal(toBase64(new Uint8Array(0)), "");
});
