export const difference = {
  moreCount: { one: "{n} weiterer", other: "{n} weitere" },
  movedCount: { one: "{n} verschoben", other: "{n} verschoben" },
  none: "Kein Unterschied.",
  added: "hinzugefügt",
  removed: "entfernt",
  changed: "geändert",
  more: "Gruppen oder Einstellungen geändert",
} as const;
