export const node = {
  group: "Gruppe",
  linksLost: { one: "Eine Verbindung passt nicht zu {node} und wurde entfernt. Rückgängig bringt alles zurück.", other: "{n} Verbindungen passen nicht zu {node} und wurden entfernt. Rückgängig bringt alles zurück." },
  groupTitle: "Titel der Gruppe",
  endFor: "Gegenstück für {socket}",
  removeLinks: { one: "Verbindung entfernen", other: "{n} Verbindungen entfernen" },
  socketToConnect: "zu verbindenden Anschluss",
  fromNode: ", von {node}",
  outputAt: "Ausgang {socket} ({number})",
  inputAt: "Eingang {socket}",
  newNode: "Neuer Knoten …",
} as const;
