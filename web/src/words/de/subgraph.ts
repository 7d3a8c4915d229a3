export const subgraph = {
  levels: "Ebenen",
  backToWorkflow: "Zurück zum Workflow",
  rename: "Subgraph umbenennen",
  backTo: "Zurück zu {title}",
  leaveHint: "Subgraph verlassen (Escape)",
  leave: "Verlassen",
} as const;
