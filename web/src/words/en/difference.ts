export const difference = {
  moreCount: { one: "{n} more", other: "{n} more" },
  movedCount: { one: "{n} moved", other: "{n} moved" },
  none: "No difference.",
  added: "added",
  removed: "removed",
  changed: "changed",
  more: "groups or settings changed",
} as const;
