export const outline = {
  muted: "muted",
  bypassed: "bypassed",
  pinned: "pinned",
  missing: "not installed",
  title: "Outline",
  close: "Close the outline",
  filter: "Filter the nodes",
  filterHint: "Filter the nodes…",
  nodes: "Nodes of the workflow",
  noneFits: "No node fits.",
  none: "There are no nodes yet.",
} as const;
