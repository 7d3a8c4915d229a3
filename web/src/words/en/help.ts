export const help = {
  sockets: "Sockets",
  title: "Keyboard and mouse",
  mouse: "Mouse",
} as const;
