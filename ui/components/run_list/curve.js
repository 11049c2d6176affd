/** The points of a curve without axes in a box of 100 by 30; on a logarithmic scale where all values are positive. */
export function curve(values) {
  if (values.length < 2) return "";
  const scaled = values.every((value) => value > 0) ? values.map(Math.log) : values;
  const top = Math.max(...scaled);
  const span = top - Math.min(...scaled) || 1;
  const x = (i) => (1 + (98 * i) / (scaled.length - 1)).toFixed(1);
  const y = (value) => (2 + (26 * (top - value)) / span).toFixed(1);
  return scaled.map((value, i) => `${x(i)},${y(value)}`).join(" ");
}
