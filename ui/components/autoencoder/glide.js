export const GLIDE_MS = 700; // from one code to the next

/** The share of the way after so many milliseconds: slow at both ends. */
export function eased(milliseconds) {
  const share = Math.min(1, Math.max(0, milliseconds / GLIDE_MS));
  return share * share * (3 - 2 * share);
}

/** A code at a share of the way from one to another. */
export function between(from, goal, share) {
  return goal.map((value, i) => from[i] + share * (value - from[i]));
}
