/** From now on a link marked with data-visit stays within the visit, wherever on the page it is; others load all anew.
 *
 * The app opens the new address as it does when somebody goes back or forth. A trigger with st.switch_page would do
 * that too, but leave a step of the history that leads nowhere, and a st.page_link costs the server an element.
 */
export function keepLinksInVisit() {
  if (document.documentElement.dataset.links) return;
  document.documentElement.dataset.links = "in the visit";
  document.addEventListener("click", (event) => {
    const link = event.composedPath().find((node) => node.href && node.dataset?.visit !== undefined);
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  });
}

/** Knobs change the address in place: a step back leads to the page before, not to the knob before.
 *
 * Streamlit adds a step for every change of the address. The page would answer such a step by writing down again where
 * its knobs stand, so that nobody could leave it by going back.
 */
export function keepStepsToPages() {
  if (Object.hasOwn(history, "pushState")) return;
  const { pushState, replaceState } = history;
  history.pushState = (state, unused, url) => {
    const stays = new URL(url ?? location.href, location.href).pathname === location.pathname;
    (stays ? replaceState : pushState).call(history, state, unused, url);
  };
}
