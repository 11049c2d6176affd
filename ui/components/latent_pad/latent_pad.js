// The latent pad of a page of the app: renewed where it is sent other maps, else only told whom to tell.
import { unpack } from "../shared/packing.js";
import { Pad } from "./pad.js";

const pads = new WeakMap(); // by the place on the page; a pad, and the marks that it began with

export default function ({ data, parentElement, setStateValue }) {
  const header = data && unpack(data);
  const old = pads.get(parentElement);
  if (header && old?.pad.version !== header.version) {
    old?.pad.stop();
    const began = JSON.stringify(header.start);
    if (old?.began === began) header.start = old.pad.marked(); // a map more or less: what the visitor has marked stays
    pads.set(parentElement, { pad: new Pad(parentElement.querySelector(".pad"), setStateValue, header), began });
  } else if (old) {
    old.pad.setStateValue = setStateValue;
    old.pad.redraw();
  }
  return () => {
    pads.get(parentElement)?.pad.stop();
    pads.delete(parentElement);
  };
}
