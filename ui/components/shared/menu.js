/** On a phone the list of pages is a drawer over the page: it is called Menu, and shuts once a page was chosen. */
export function shutMenuAfterChoice() {
  name();
  if (document.documentElement.dataset.menu) return;
  document.documentElement.dataset.menu = "shuts";
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest?.("[data-testid=stSidebarNavLink]");
    if (!chosen || event.ctrlKey || event.metaKey || event.shiftKey) return;
    document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  });
}

function name() {
  document.querySelector("[data-testid=stExpandSidebarButton]")?.setAttribute("aria-label", "Menu");
}
