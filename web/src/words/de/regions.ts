export const regions = {
  at: "{name}: {width} × {height} bei {x}, {y}",
  fixed: "Seine Seiten kommen von einer Verbindung",
  title: "Bereiche der Prompts",
  howTo: "Das Bild ist {width} × {height} groß. Ziehe einen Bereich oder seine Ecken; die Pfeiltasten bewegen ihn, mit Umschalt ändern sie seine Größe. Alles geht in Schritten von {cell}.",
} as const;
