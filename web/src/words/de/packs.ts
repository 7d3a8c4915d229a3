export const packs = {
  showTrouble: "Zeigen, was nicht stimmt",
  title: "Nicht geladene Pakete",
  advice: "Alles andere funktioniert. Starte den Server nach einer Reparatur neu.",
  partly: "· ein Teil der Knoten ist da",
  where: "Wo es passiert ist",
  failed: { one: "{name} wurde nicht geladen", other: "{n} Pakete wurden nicht geladen" },
  inPart: { one: "{name} wurde nur teilweise geladen", other: "{n} Pakete wurden nur teilweise geladen" },
  mixed: { other: "{n} Pakete wurden nicht oder nur teilweise geladen" },
} as const;
