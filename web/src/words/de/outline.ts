export const outline = {
  muted: "stumm",
  bypassed: "umgangen",
  pinned: "angeheftet",
  missing: "nicht installiert",
  title: "Gliederung",
  close: "Gliederung schließen",
  filter: "Knoten filtern",
  filterHint: "Knoten filtern …",
  nodes: "Knoten des Workflows",
  noneFits: "Kein Knoten passt.",
  none: "Es gibt noch keine Knoten.",
} as const;
