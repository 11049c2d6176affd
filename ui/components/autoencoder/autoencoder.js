// An autoencoder at work on the page: a figure for each place, which is shown another network when one is chosen.
import { unpack } from "../shared/packing.js";
import { Figure } from "./figure.js";

const figures = new WeakMap();

export default function ({ data, parentElement }) {
  const header = data && unpack(data);
  const figure = figures.get(parentElement) ?? new Figure(parentElement.querySelector(".autoencoder"));
  figures.set(parentElement, figure);
  if (header && figure.header?.version !== header.version) figure.show(header);
  return () => {
    figures.get(parentElement)?.stop();
    figures.delete(parentElement);
  };
}
