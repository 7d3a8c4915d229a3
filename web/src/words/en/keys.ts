/** Keys, by the names that browsers give them. */

export const keys = {
  Ctrl: "Ctrl",
  Shift: "Shift",
  Alt: "Alt",
  Enter: "Enter",
  Delete: "Delete",
  Backspace: "Backspace",
  Escape: "Escape",
  PageUp: "PageUp",
  PageDown: "PageDown",
  Home: "Home",
  End: "End",
  ContextMenu: "ContextMenu",
} as const;
