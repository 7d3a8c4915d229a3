export const popups = {
  problemCount: { one: "Ein Problem", other: "{n} Probleme" },
  filter: "{label} filtern …",
  noChoices: "Hier gibt es noch nichts zur Auswahl.",
  noMatch: "Keine Treffer.",
  menu: "Menü",
  show: "Anzeigen",
  dismiss: "Ausblenden",
  problems: "Probleme",
  closeProblems: "Liste der Probleme schließen",
  details: "Einzelheiten",
} as const;
