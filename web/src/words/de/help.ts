export const help = {
  sockets: "Anschlüsse",
  title: "Tastatur und Maus",
  mouse: "Maus",
} as const;
