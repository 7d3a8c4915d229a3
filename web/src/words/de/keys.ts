export const keys = {
  Ctrl: "Strg",
  Shift: "Umschalt",
  Alt: "Alt",
  Enter: "Enter",
  Delete: "Entf",
  Backspace: "Rücktaste",
  Escape: "Esc",
  PageUp: "Bild ↑",
  PageDown: "Bild ↓",
  Home: "Pos1",
  End: "Ende",
  ContextMenu: "Menütaste",
} as const;
