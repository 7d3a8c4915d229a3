export const subgraph = {
  levels: "Levels",
  backToWorkflow: "Back to the workflow",
  rename: "Rename the subgraph",
  backTo: "Back to {title}",
  leaveHint: "Leave the subgraph (Escape)",
  leave: "Leave",
} as const;
