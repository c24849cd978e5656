// Runs before the first paint, so that nobody who chose dark sees a flash of light: sets data-theme from the choice that this
// browser remembers, or else from what the system prefers. The switch in the header calls earshotTheme.choose.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("earshot-theme");
    } catch {
      return null; // storage is forbidden: the choice lasts as long as the page
    }
  };
  let choice = stored() ?? "system";

  const apply = () => {
    document.documentElement.dataset.theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    document.dispatchEvent(new Event("themechange")); // canvases draw with colours that they have read
  };
  globalThis.earshotTheme = {
    get choice() {
      return choice;
    },
    choose(next) {
      choice = next;
      try {
        localStorage.setItem("earshot-theme", next);
      } catch {
        // as above
      }
      apply();
    },
  };
  dark.addEventListener("change", apply);
  apply();
})();
