/** Which of so many bars side by side lies at a share of the way to the right. */
export function barAt(share, count) {
  return Math.min(count - 1, Math.max(0, Math.floor(share * count)));
}

/** The value at a share of the way up, between the lowest and the highest. */
export function valueAt(share, [low, high]) {
  return low + Math.min(1, Math.max(0, share)) * (high - low);
}
