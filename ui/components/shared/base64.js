const SLICE = 4096; // letters at a time: a function takes only so many arguments

/** The bytes that a text in base64 stands for. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Bytes, or numbers from 0 to 255, as a text in base64. */
export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += SLICE) text += String.fromCharCode(...bytes.slice(i, i + SLICE));
  return btoa(text);
}
