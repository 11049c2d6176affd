import assert from "node:assert/strict";
import { test } from "node:test";
import { Stops } from "../../../ui/components/dial/stops.js";

test("stops that are whole numbers one after the other are the slider's own values", () => {
  const stops = new Stops([
    ["3", "3 numbers"],
    ["4", "4 numbers"],
    ["5", "5 numbers"],
  ]);
  assert.deepEqual([stops.first, stops.last, stops.count], [3, 5, 3]);
  assert.deepEqual(stops.at(4), ["4", "4 numbers"]);
  assert.equal(stops.value("5"), 5);
});

for (const names of [
  ["1", "2", "4"],
  ["0.5", "1.5"],
  ["a", "b"],
  ["2", "1"],
]) {
  test(`others are counted from 0: ${names}`, () => {
    const stops = new Stops(names.map((name) => [name, name.toUpperCase()]));
    assert.deepEqual([stops.first, stops.last], [0, names.length - 1]);
    assert.deepEqual(
      names.map((name) => stops.at(stops.value(name))[0]),
      names,
    );
  });
}

test("numbers that stand as they are can be typed, and lead to the nearest stop; others cannot", () => {
  const plain = new Stops(["1", "2", "3"].map((name) => [name, name]));
  assert.equal(plain.typed, true);
  assert.deepEqual(
    [-7, 1, 2.4, 2.6, 99].map((typed) => plain.nearest(typed)),
    [1, 1, 2, 3, 3],
  );
  assert.equal(new Stops([["3", "3 numbers"]]).typed, false);
  assert.equal(new Stops([["0.5", "0.5"]]).typed, false);
});
