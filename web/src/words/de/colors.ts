export const colors = {
  red: "rot",
  brown: "braun",
  green: "grün",
  blue: "blau",
  "pale blue": "blassblau",
  cyan: "cyan",
  purple: "lila",
  yellow: "gelb",
  black: "schwarz",
} as const;
