/** Where do settings take effect on a page as a whole, the editor's or that of a form? */

import { signal, type ReadonlySignal } from "@preact/signals";
import { bestOf, speak, spokenLanguage } from "../words";
import { LANGUAGE, LESS_MOTION, THEME } from "./built_in";
import type { Settings } from "./settings";

/** A question to the browser's style engine, asked again whenever its answer changes. */
function media(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => (matches.value = list.matches));
  return matches;
}

const isDark = media("(prefers-color-scheme: dark)");
const wantsContrast = media("(prefers-contrast: more)");
const forcesColors = media("(forced-colors: active)");
const wantsLessMotion = media("(prefers-reduced-motion: reduce)");

/** Gives the page its colours: the chosen ones, or those that the system asks for. */
export function showTheme(settings: Settings): void {
  const chosen = settings.of(THEME).value;
  const system = `${isDark.value ? "dark" : "light"}${wantsContrast.value || forcesColors.value ? "-contrast" : ""}`;
  const { dataset } = document.documentElement;
  dataset.theme = chosen === "system" ? system : chosen;
  dataset.motion = settings.of(LESS_MOTION).value === "always" || wantsLessMotion.value ? "less" : "all";
}

/** Tells the server's login page, which knows nobody's settings, in which colours and language it is to be shown here. */
export function keepLook(settings: Settings): void {
  document.cookie = `weft-look=${settings.of(THEME).value}.${settings.of(LANGUAGE).value}; path=/; max-age=31536000; samesite=strict`;
}

/** Speaks the chosen language, or the first of the browser's that there are words in. Resolves when its words are there. */
export async function speakChosen(settings: Settings): Promise<void> {
  const chosen = settings.of(LANGUAGE).value;
  await speak(chosen === "system" ? bestOf(navigator.languages) : chosen, navigator.languages);
  document.documentElement.lang = spokenLanguage.peek().language;
}
