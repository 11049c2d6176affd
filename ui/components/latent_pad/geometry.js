// Questions that one asks of dots (n, 2), their coordinates one after the other.

/** The nearest of the dots that `isShown` lets through, and how far it is; index -1 where there is none. */
export function nearest(points, [u, v], isShown) {
  const n = points.length / 2;
  let index = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const du = points[2 * i] - u;
    const dv = points[2 * i + 1] - v;
    const far = du * du + dv * dv;
    if (far < least && isShown(i)) {
      least = far;
      index = i;
    }
  }
  return { index, far: Math.sqrt(least) };
}

/** How many dots lie within `reach`. */
export function crowd(points, [u, v], reach) {
  const n = points.length / 2;
  let count = 0;
  for (let i = 0; i < n; i++) {
    if ((points[2 * i] - u) ** 2 + (points[2 * i + 1] - v) ** 2 <= reach ** 2) count++;
  }
  return count;
}

/** Whether a point lies inside a polygon: a ray from there crosses its border an odd number of times. */
export function inside(corners, [x, y]) {
  let odd = false;
  for (let k = 0, j = corners.length - 1; k < corners.length; j = k++) {
    const [ax, ay] = corners[k];
    const [bx, by] = corners[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
