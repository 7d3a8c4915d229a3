export const status = {
  queueFails: "Die Warteschlange konnte nicht geändert werden: {why}",
} as const;
