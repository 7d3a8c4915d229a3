export const status = {
  queueFails: "The queue could not be changed: {why}",
} as const;
