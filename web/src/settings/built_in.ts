/** The editor's own settings. */

import type { Choice, Kept, NumberSetting, Setting, Toggle } from "./settings";
import type { KeyChoices } from "../commands/registry";
import { LANGUAGES, NAMES, phrase, type Language, t } from "../words";

/** The headings of the settings dialog, in their order; groups of extensions come after them. */
export const SETTING_GROUPS = ["Appearance", "Canvas", "Running", "Prompts"] as const;

export const THEME: Choice<"system" | "light" | "dark" | "light-contrast" | "dark-contrast"> = {
  kind: "choice", id: "weft.theme", group: "Appearance", label: phrase("settings.colors"), default: "system", keywords: "theme dark light mode high contrast colors",
  hint: phrase("settings.colorsHint"),
  choices: [
    { value: "system", label: phrase("settings.system") }, { value: "light", label: phrase("settings.light") }, { value: "dark", label: phrase("settings.dark") },
    { value: "light-contrast", label: phrase("settings.lightContrast") }, { value: "dark-contrast", label: phrase("settings.darkContrast") },
  ],
};
export const LANGUAGE: Choice<"system" | Language> = {
  kind: "choice", id: "weft.language", group: "Appearance", label: phrase("settings.language"), default: "system", keywords: "language english german deutsch sprache translation",
  choices: [{ value: "system", label: phrase("settings.languageSystem") }, ...LANGUAGES.map((value) => ({ value, label: NAMES[value] }))],
};
export const LESS_MOTION: Choice<"system" | "always"> = {
  kind: "choice", id: "weft.motion", group: "Appearance", label: phrase("settings.motion"), default: "system", keywords: "animation reduced motion",
  choices: [{ value: "system", label: phrase("settings.system") }, { value: "always", label: phrase("settings.noMotion") }],
};
export const SNAP: Toggle = {
  kind: "toggle", id: "weft.canvas.snap", group: "Canvas", label: phrase("settings.snap"), default: false, keywords: "align raster",
  hint: phrase("settings.snapHint"),
};
export const SNAP_SIZE: NumberSetting = {
  kind: "number", id: "weft.canvas.snap_size", group: "Canvas", label: phrase("settings.snapSize"), default: 10, min: 2, max: 100, step: 1, unit: "px",
  hint: phrase("settings.snapSizeHint"),
};
export const LINK_SHAPE: Choice<"curve" | "straight" | "angled"> = {
  kind: "choice", id: "weft.canvas.link_shape", group: "Canvas", label: phrase("settings.links"), default: "curve", keywords: "spline wires noodles straight linear",
  choices: [{ value: "curve", label: phrase("settings.curves") }, { value: "straight", label: phrase("settings.straight") }, { value: "angled", label: phrase("settings.angled") }],
};
export const SHOWS_DOTS: Toggle = { kind: "toggle", id: "weft.canvas.dots", group: "Canvas", label: phrase("settings.dots"), default: true, keywords: "grid" };
export const WHEEL: Choice<"zoom" | "pan"> = {
  kind: "choice", id: "weft.canvas.wheel", group: "Canvas", label: phrase("settings.wheel"), default: "zoom", keywords: "scroll zoom trackpad",
  hint: phrase("settings.wheelHint"),
  choices: [{ value: "zoom", label: phrase("settings.zooms") }, { value: "pan", label: phrase("settings.scrolls") }],
};
export const MINIMAP: Toggle = {
  kind: "toggle", id: "weft.canvas.map", group: "Canvas", label: phrase("settings.map"), default: true, keywords: "minimap overview",
  hint: phrase("settings.mapHint"),
};
/** The camera shows the node that runs. */
export const FOLLOW_NODE: Toggle = { kind: "toggle", id: "weft.follow_running_node", group: "Running", label: phrase("settings.follow"), default: false, keywords: "camera" };
/** The browser tells when a long run ends while the page is hidden. */
export const TELL_ENDS: Toggle = {
  kind: "toggle", id: "weft.notify_of_long_runs", group: "Running", label: phrase("settings.notify"), default: false, keywords: "notification browser",
  hint: phrase("settings.notifyHint"),
  refuses: (value) => (value ? whyNoNotifications() : Promise.resolve(null)),
};
/** Words that no dictionary of the browser has are underlined. */
export const CHECKS_SPELLING: Toggle = { kind: "toggle", id: "weft.prompt.spelling", group: "Prompts", label: phrase("settings.spelling"), default: true, keywords: "dictionary underline" };
/** Tags are written as `long_hair`, not as `long hair`. */
export const KEEPS_UNDERSCORES: Toggle = { kind: "toggle", id: "weft.prompt.underscores", group: "Prompts", label: phrase("settings.underscores"), default: false, keywords: "autocomplete", hint: phrase("settings.underscoresHint") };

/** The combinations that the user gave to commands. */
export const KEY_CHOICES: Kept<KeyChoices> = {
  kind: "kept", hidden: true, id: "weft.keys", group: "Keyboard", label: phrase("settings.shortcuts"), default: {},
  isValid: (value): value is KeyChoices =>
    typeof value === "object" && value !== null && Object.values(value).every((keys) => Array.isArray(keys) && keys.every((key) => typeof key === "string")),
};

/** The commands that were run from the palette, the last one first. */
export const RECENT_COMMANDS: Kept<readonly string[]> = {
  kind: "kept", hidden: true, id: "weft.recent_commands", group: "Keyboard", label: phrase("settings.recent"), default: [],
  isValid: (value): value is readonly string[] => Array.isArray(value) && value.every((id) => typeof id === "string"),
};

async function whyNoNotifications(): Promise<string | null> {
  if (!("Notification" in globalThis)) return t("settings.noNotifications");
  if ((await Notification.requestPermission()) !== "granted")
    return t("settings.notificationsDenied");
  return null;
}

export const BUILT_IN_SETTINGS: readonly Setting[] = [
  THEME, LANGUAGE, LESS_MOTION, SNAP, SNAP_SIZE, LINK_SHAPE, SHOWS_DOTS, WHEEL, MINIMAP, FOLLOW_NODE, TELL_ENDS, CHECKS_SPELLING, KEEPS_UNDERSCORES,
];
