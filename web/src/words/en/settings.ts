/** The settings dialog and what can be set there. */

export const settings = {
  language: "Language",
  languageSystem: "Follow the browser",
  languageFails: "The words of this language can't be loaded: {why}",
} as const;
