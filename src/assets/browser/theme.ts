export const themes = ['auto', 'light', 'dark'] as const;

/** How pages look: as the system says, or as it was chosen here. */
export type Theme = (typeof themes)[number];

const storageKey = 'calls-gateway.theme';

/** What was chosen in this browser; `auto` where nothing was, or where storage is denied. */
export function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(storageKey);
    return themes.find((theme) => theme === stored) ?? 'auto';
  } catch {
    return 'auto';
  }
}

/** Shows a theme from now on, and at the next visit. */
export function chooseTheme(theme: Theme): void {
  showTheme(theme);
  try {
    localStorage.setItem(storageKey, theme);
  } catch {
    // Storage is denied: the choice lasts as long as the page.
  }
}

export function showTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
