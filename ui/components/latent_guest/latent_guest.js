// A picture that is none of the dots: handed to every latent pad on the page, without the pad being sent again.
import { fromBase64 } from "../shared/base64.js";
import { paint, shares } from "../shared/picture.js";

export default function ({ data }) {
  const guest = data?.places ? { ...data, canvas: document.createElement("canvas") } : null;
  if (guest) paint(guest.canvas, shares(fromBase64(guest.pixels)), guest.shape);
  tell(guest);
  return () => tell(null);
}

function tell(guest) {
  window.latentGuest = guest;
  window.dispatchEvent(new CustomEvent("latent-guest"));
}
