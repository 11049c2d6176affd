// A dense network as plain numbers; the pads and the start page run it.
const BENDS = {
  relu: (v) => (v > 0 ? v : 0),
  silu: (v) => v / (1 + Math.exp(-v)),
  tanh: Math.tanh,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  linear: (v) => v,
};

/** Dense layers as a function, of a code to pixels or the other way; the arrays in between are used again. */
export function denseNetwork(layers) {
  const between = layers.map((layer) => new Float32Array(layer.bias.length));
  return (input) => layers.reduce((h, layer, k) => pass(layer, h, between[k]), input);
}

/** One layer, activation(weight @ h + bias), into `out`. */
function pass({ weight, bias, activation }, h, out) {
  const inputs = h.length;
  const bend = BENDS[activation];
  for (let i = 0, at = 0; i < out.length; i++) {
    let sum = bias[i];
    for (let j = 0; j < inputs; j++, at++) sum += weight[at] * h[j];
    out[i] = bend(sum);
  }
  return out;
}
