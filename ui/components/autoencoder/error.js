/** The mean over all pixels of the squared difference of two pictures. */
export function squaredError(input, output) {
  let sum = 0;
  for (let i = 0; i < input.length; i++) sum += (input[i] - output[i]) ** 2;
  return sum / input.length;
}

/** What a squared error per pixel means: an even difference of so many per cent has the same. */
export function errorWords(error) {
  return `as if every pixel were off by ${Math.round(100 * Math.sqrt(error))} % of the way from black to white`;
}
