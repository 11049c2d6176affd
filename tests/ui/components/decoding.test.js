// What a panel of the pad decodes at a place: by weights, by tiles, or not at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Decoding } from "../../../ui/components/latent_pad/decoding/decoding.js";
import { Plane } from "../../../ui/components/latent_pad/decoding/plane.js";
import { tileBlender } from "../../../ui/components/latent_pad/decoding/tiles.js";
import { close, floats } from "./numbers.js";

const FURTHER = { name: "z3", start: 1, low: -1, high: 3, vector: floats([0, 0, 10]) };
const PLANE = {
  box: [-2, 2, 0, 8],
  origin: floats([1, 1, 1]),
  axes: floats([1, 0, 0, 0, 2, 0]),
  further: [FURTHER],
};
const panel = (decoder, more = {}) => ({ shape: [1, 1, 3], ...PLANE, decoder, ...more });

test("a place is a share of the way to the right and up, and back", () => {
  const plane = new Plane(PLANE);
  assert.deepEqual(plane.point([0.25, 0.75]), [-1, 6]);
  assert.deepEqual(plane.place(-1, 6), [0.25, 0.75]);
});

test("the code of a place is origin, axes and further directions at their values, in the same array", () => {
  const plane = new Plane(PLANE);
  const code = plane.codeAt([0.25, 0.75], [0.5]);
  close(code, [0, 13, 6]);
  assert.equal(plane.codeAt([0.5, 0], [0]), code);
  close(code, [1, 1, 1]);
  assert.deepEqual([plane.atStart([1.003]), plane.atStart([1.005])], [true, false]);
});

test("tiles are met at their places and mixed between them; beyond the edge is the edge", () => {
  const tiles = Uint8Array.from([0, 0, 255, 0, 0, 255, 255, 255, 51, 0, 0, 0, 0, 0, 0, 0, 0, 255]); // 3 x 3, two pixels
  const at = tileBlender(tiles, 3, 2);
  close(at(0, 0), [0, 0]);
  close(at(0.5, 0), [1, 0]);
  close(at(1, 1), [0, 1]);
  close(at(0.25, 0.25), [(0 + 1 + 1 + 0.2) / 4, (0 + 0 + 1 + 0) / 4]);
  close(at(0.125, 0), [0.25, 0]);
  close(at(-5, 0), [0, 0]);
  close(at(7, 9), [0, 1]);
});

test("a dense decoder runs at once, on the code of the place", () => {
  const weight = floats([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const decoding = new Decoding(panel({ layers: [{ weight, bias: floats([0, 0, 0]), activation: "linear" }] }));
  const { pixels, how, exact } = decoding.picture([0.25, 0.75]);
  close(pixels, [0, 13, 11]); // the further direction starts at 1
  assert.deepEqual([how, exact, decoding.arrived], ["computed here from the weights, exact", true, null]);
  decoding.values[0] = 0;
  close(decoding.picture([0.25, 0.75]).pixels, [0, 13, 1]);
});

test("tiles are on their way, then blended, and only where the sliders are in the middle", async () => {
  const tiles = Promise.resolve(new Uint8Array(12).fill(51));
  const decoding = new Decoding(panel({ tiles, side: 2, error: 0.0126 }));
  assert.deepEqual(decoding.picture([0.5, 0.5]), { pixels: null, how: "the decoder is on its way", exact: true });
  await decoding.arrived;
  const { pixels, how, exact } = decoding.picture([0.5, 0.5]);
  close(pixels, [0.2, 0.2, 0.2]);
  assert.deepEqual([how, exact], ["blended from 2×2 tiles, mean error 0.013 per pixel", false]);
  assert.equal(decoding.picture([0.5, 1.01]).how, "edge of the tiles");
  decoding.values[0] = 2;
  assert.deepEqual(decoding.picture([0.5, 0.5]), { pixels: null, how: "asking the server", exact: false });
});

test("a decoder that does not come, and a map without one, say so", async () => {
  const lost = new Decoding(panel({ tiles: Promise.reject(new Error("gone")), side: 2, error: 0 }));
  await lost.arrived;
  assert.deepEqual([lost.possible, lost.picture([0, 0]).how], [true, "the decoder did not come: reload the page"]);
  const none = new Decoding(panel({}));
  assert.deepEqual([none.possible, none.arrived], [false, null]);
  assert.equal(none.picture([0, 0]).how, "places of this map cannot be decoded");
});
