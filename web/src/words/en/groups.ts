/** Groups of commands and settings, by the names that the program and extensions give them. */

export const groups = {
  Run: "Run",
  Workflow: "Workflow",
  Edit: "Edit",
  Node: "Node",
  Subgraph: "Subgraph",
  Arrange: "Arrange",
  View: "View",
  "Go to": "Go to",
  Panels: "Panels",
  Appearance: "Appearance",
  Canvas: "Canvas",
  Running: "Running",
  Prompts: "Prompts",
  Keyboard: "Keyboard",
} as const;
