import { toBase64 } from "../shared/base64.js";

const LONGEST = 255;

/** Bytes as runs of equal ones, (count, value) each, in base64: a drawing is mostly black. */
export function packedRuns(bytes) {
  const runs = [];
  for (let i = 0; i < bytes.length; ) {
    let n = 1;
    while (n < LONGEST && bytes[i + n] === bytes[i]) n++;
    runs.push(n, bytes[i]);
    i += n;
  }
  return toBase64(runs);
}
