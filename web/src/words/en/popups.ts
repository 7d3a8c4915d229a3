export const popups = {
  problemCount: { one: "One problem", other: "{n} problems" },
  filter: "Filter {label}…",
  noChoices: "There is nothing to choose from yet.",
  noMatch: "Nothing matches.",
  menu: "Menu",
  show: "Show",
  dismiss: "Dismiss",
  problems: "Problems",
  closeProblems: "Close the list of problems",
  details: "Details",
} as const;
