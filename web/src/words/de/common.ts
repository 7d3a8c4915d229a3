export const common = {
  cancel: "Abbrechen",
  close: "Schließen",
  delete: "Löschen",
  save: "Speichern",
  name: "Name",
  bytes: "Byte",
  justNow: "gerade eben",
} as const;
