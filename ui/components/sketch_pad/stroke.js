/** Set a brush down on the way from one point to another, so often that it makes one line; returns how often. */
export function along([x, y], [u, v], radius, stamp) {
  const steps = Math.ceil(Math.hypot(u - x, v - y) / Math.max(1, radius / 3));
  for (let i = 1; i <= steps; i++) stamp(x + ((u - x) * i) / steps, y + ((v - y) * i) / steps);
  return steps;
}
