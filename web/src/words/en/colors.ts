/** The colours of nodes and groups, by the names that the program has for them. */

export const colors = {
  red: "red",
  brown: "brown",
  green: "green",
  blue: "blue",
  "pale blue": "pale blue",
  cyan: "cyan",
  purple: "purple",
  yellow: "yellow",
  black: "black",
} as const;
