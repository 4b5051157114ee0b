/** High contrast, chosen by a person and kept in this browser. */
const STORE = "layso.theme";
const root = document.documentElement;

export const isContrast = () => root.dataset.theme === "contrast";

export function toggleContrast() {
  wear(isContrast() ? "" : "contrast");
  try {
    localStorage.setItem(STORE, root.dataset.theme || "");
  } catch {
    // For this visit only.
  }
}

function wear(theme) {
  if (theme === "contrast") {
    root.dataset.theme = theme;
  } else {
    delete root.dataset.theme;
  }
}

try {
  wear(localStorage.getItem(STORE));
} catch {
  // No storage, no choice.
}
