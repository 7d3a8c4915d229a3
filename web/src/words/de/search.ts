export const search = {
  outdated: "veraltet",
  experimental: "experimentell",
  add: "Knoten hinzufügen",
  fits: "Was zu {type} passt …",
  hint: "Knoten suchen …",
  none: "Nichts passt.",
} as const;
