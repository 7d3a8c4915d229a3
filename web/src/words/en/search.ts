export const search = {
  outdated: "outdated",
  experimental: "experimental",
  add: "Add a node",
  fits: "What fits {type}…",
  hint: "Search nodes…",
  none: "Nothing fits.",
} as const;
