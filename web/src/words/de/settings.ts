export const settings = {
  language: "Sprache",
  languageSystem: "Wie der Browser",
  languageFails: "Die Texte dieser Sprache lassen sich nicht laden: {why}",
} as const;
