export const common = {
  cancel: "Abbrechen",
  close: "Schließen",
  delete: "Löschen",
  save: "Speichern",
  name: "Name",
  bytes: "Byte",
  justNow: "gerade eben",
  partFails: "Dieser Teil des Editors lässt sich nicht laden. Läuft der Server?",
} as const;
