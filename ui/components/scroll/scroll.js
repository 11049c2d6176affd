// Scrolls to a part of the page where that stands below what was pressed: on a screen too narrow for columns.
const NARROW = "(max-width: 640px)";
const STILL = "(prefers-reduced-motion: reduce)";

export default function ({ data }) {
  const part = data?.to && matchMedia(NARROW).matches ? document.querySelector(`.st-key-${data.to}`) : null;
  part?.scrollIntoView({ block: "start", behavior: matchMedia(STILL).matches ? "auto" : "smooth" });
}
