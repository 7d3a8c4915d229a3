export const minimap = {
  title: "Übersicht des Workflows",
  hint: "Ziehen, um anderswohin zu schauen (M blendet die Übersicht aus)",
} as const;
