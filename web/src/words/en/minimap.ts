export const minimap = {
  title: "Map of the workflow",
  hint: "Drag to look elsewhere (M hides the map)",
} as const;
