export const commands = {
  fails: "{command} ist fehlgeschlagen: {why}",
  on: "an",
  off: "aus",
  find: "Befehl suchen",
  whatToDo: "Was möchtest du tun?",
  command: "Befehl",
  commands: "Befehle",
  noneFits: "Kein Befehl passt. Kürzere Wörter helfen vielleicht.",
} as const;
