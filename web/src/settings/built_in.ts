/** The editor's own settings. */

import type { Choice, Kept, NumberSetting, Setting, Toggle } from "./settings";
import type { KeyChoices } from "../commands/registry";
import { LANGUAGES, NAMES, phrase, type Language } from "../words";

/** The headings of the settings dialog, in their order; groups of extensions come after them. */
export const SETTING_GROUPS = ["Appearance", "Canvas", "Running", "Prompts"] as const;

export const THEME: Choice<"system" | "light" | "dark" | "light-contrast" | "dark-contrast"> = {
  kind: "choice", id: "weft.theme", group: "Appearance", label: "Colours", default: "system", keywords: "theme dark light mode high contrast colors",
  hint: "Following the system also means its wish for more contrast.",
  choices: [
    { value: "system", label: "Follow the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" },
    { value: "light-contrast", label: "Light, high contrast" }, { value: "dark-contrast", label: "Dark, high contrast" },
  ],
};
export const LANGUAGE: Choice<"system" | Language> = {
  kind: "choice", id: "weft.language", group: "Appearance", label: phrase("settings.language"), default: "system", keywords: "language english german deutsch sprache translation",
  choices: [{ value: "system", label: phrase("settings.languageSystem") }, ...LANGUAGES.map((value) => ({ value, label: NAMES[value] }))],
};
export const LESS_MOTION: Choice<"system" | "always"> = {
  kind: "choice", id: "weft.motion", group: "Appearance", label: "Movement", default: "system", keywords: "animation reduced motion",
  choices: [{ value: "system", label: "Follow the system" }, { value: "always", label: "Nothing moves by itself" }],
};
export const SNAP: Toggle = {
  kind: "toggle", id: "weft.canvas.snap", group: "Canvas", label: "Snap nodes to the grid", default: false, keywords: "align raster",
  hint: "While nodes and groups are moved or resized; Alt does the opposite.",
};
export const SNAP_SIZE: NumberSetting = {
  kind: "number", id: "weft.canvas.snap_size", group: "Canvas", label: "Width of the grid", default: 10, min: 2, max: 100, step: 1, unit: "px",
  hint: "What nodes snap to, and how far an arrow key moves them.",
};
export const LINK_SHAPE: Choice<"curve" | "straight" | "angled"> = {
  kind: "choice", id: "weft.canvas.link_shape", group: "Canvas", label: "Links", default: "curve", keywords: "spline wires noodles straight linear",
  choices: [{ value: "curve", label: "Curves" }, { value: "straight", label: "Straight lines" }, { value: "angled", label: "Right angles" }],
};
export const SHOWS_DOTS: Toggle = { kind: "toggle", id: "weft.canvas.dots", group: "Canvas", label: "Dots on the background", default: true, keywords: "grid" };
export const WHEEL: Choice<"zoom" | "pan"> = {
  kind: "choice", id: "weft.canvas.wheel", group: "Canvas", label: "The mouse wheel", default: "zoom", keywords: "scroll zoom trackpad",
  hint: "With Ctrl held it zooms in any case.",
  choices: [{ value: "zoom", label: "Zooms" }, { value: "pan", label: "Scrolls" }],
};
export const MINIMAP: Toggle = {
  kind: "toggle", id: "weft.canvas.map", group: "Canvas", label: "Map of the workflow", default: true, keywords: "minimap overview",
  hint: "Appears where not all of the workflow is in view.",
};
/** The camera shows the node that runs. */
export const FOLLOW_NODE: Toggle = { kind: "toggle", id: "weft.follow_running_node", group: "Running", label: "Follow the running node", default: false, keywords: "camera" };
/** The browser tells when a long run ends while the page is hidden. */
export const TELL_ENDS: Toggle = {
  kind: "toggle", id: "weft.notify_of_long_runs", group: "Running", label: "Notify when a long run ends", default: false, keywords: "notification browser",
  hint: "Of runs over 20 seconds, while the page is not in sight.",
  refuses: (value) => (value ? whyNoNotifications() : Promise.resolve(null)),
};
/** Words that no dictionary of the browser has are underlined. */
export const CHECKS_SPELLING: Toggle = { kind: "toggle", id: "weft.prompt.spelling", group: "Prompts", label: "Check the spelling", default: true, keywords: "dictionary underline" };
/** Tags are written as `long_hair`, not as `long hair`. */
export const KEEPS_UNDERSCORES: Toggle = { kind: "toggle", id: "weft.prompt.underscores", group: "Prompts", label: "Write tags with underscores", default: false, keywords: "autocomplete", hint: "As in long_hair." };

/** The combinations that the user gave to commands. */
export const KEY_CHOICES: Kept<KeyChoices> = {
  kind: "kept", hidden: true, id: "weft.keys", group: "Keyboard", label: "Shortcuts", default: {},
  isValid: (value): value is KeyChoices =>
    typeof value === "object" && value !== null && Object.values(value).every((keys) => Array.isArray(keys) && keys.every((key) => typeof key === "string")),
};

/** The commands that were run from the palette, the last one first. */
export const RECENT_COMMANDS: Kept<readonly string[]> = {
  kind: "kept", hidden: true, id: "weft.recent_commands", group: "Keyboard", label: "Recent commands", default: [],
  isValid: (value): value is readonly string[] => Array.isArray(value) && value.every((id) => typeof id === "string"),
};

async function whyNoNotifications(): Promise<string | null> {
  if (!("Notification" in globalThis)) return "This browser shows notifications only for pages on https or localhost.";
  if ((await Notification.requestPermission()) !== "granted")
    return "The browser does not let this page show notifications. Allow them in the settings for this site, then switch this on again.";
  return null;
}

export const BUILT_IN_SETTINGS: readonly Setting[] = [
  THEME, LANGUAGE, LESS_MOTION, SNAP, SNAP_SIZE, LINK_SHAPE, SHOWS_DOTS, WHEEL, MINIMAP, FOLLOW_NODE, TELL_ENDS, CHECKS_SPELLING, KEEPS_UNDERSCORES,
];
