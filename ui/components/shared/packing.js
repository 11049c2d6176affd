// What packing.py packed: safetensors, whose metadata hold a header of plain values that names the arrays.
const KINDS = { F16: Uint16Array, F32: Float32Array, I32: Int32Array, U8: Uint8Array };

let halves; // all 65 536 numbers in half precision, by their bits: sign, five bits of exponent, ten of fraction

/** Half precision, as bits, to ordinary numbers. */
export function fromHalves(bits) {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, half) => {
    const exponent = (half >> 10) & 31;
    const fraction = (half & 1023) / 1024;
    return (half & 0x8000 ? -1 : 1) * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = halves[bits[i]];
  return numbers;
}

/** Deflated bytes, as a promise of what they were. */
async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The header of packed bytes, every name of an array in it replaced by the array, or by a promise of it. */
export function unpack(bytes) {
  const begin = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true); // longer than 4 GB is no header
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, begin)));
  const body = bytes.slice(begin).buffer;
  const read = (name) => {
    const { dtype, data_offsets: offsets } = tensors[name];
    const found = new KINDS[dtype](body, offsets[0], (offsets[1] - offsets[0]) / KINDS[dtype].BYTES_PER_ELEMENT);
    return dtype === "F16" ? fromHalves(found) : found;
  };
  return JSON.parse(metadata.header, (_, value) =>
    value?.tensor ? read(value.tensor) : value?.deflated ? inflated(read(value.deflated)) : value,
  );
}
