/** What is pressed? Keys become combinations, and these run the commands that have them. */

import type { Editor } from "../editor";
import { named, phrase } from "../words";
import { leaveNode } from "./focus";

/** What the mouse does, for the help. */
export const GESTURES: readonly (readonly [() => string, () => string])[] = [
  [phrase("gestures.pan"), phrase("gestures.panDoes")],
  [phrase("gestures.wheel"), phrase("gestures.wheelDoes")],
  [phrase("gestures.box"), phrase("gestures.boxDoes")],
  [phrase("gestures.group"), phrase("gestures.groupDoes")],
  [phrase("gestures.copy"), phrase("gestures.copyDoes")],
  [phrase("gestures.double"), phrase("gestures.doubleDoes")],
  [phrase("gestures.socket"), phrase("gestures.socketDoes")],
  [phrase("gestures.cut"), phrase("gestures.cutDoes")],
  [phrase("gestures.insert"), phrase("gestures.insertDoes")],
  [phrase("gestures.enter"), phrase("gestures.enterDoes")],
  [phrase("gestures.number"), phrase("gestures.numberDoes")],
  [phrase("gestures.drop"), phrase("gestures.dropDoes")],
  [phrase("gestures.hold"), phrase("gestures.holdDoes")],
  [phrase("gestures.holdDrag"), phrase("gestures.holdDragDoes")],
];

const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.platform);

/** An event as the table writes it. */
export function combination(event: KeyboardEvent): string {
  const parts: string[] = [];
  if (isMac() ? event.metaKey : event.ctrlKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  const isLetter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  if (event.shiftKey && (isLetter || event.key.length > 1)) parts.push("Shift");
  parts.push(isLetter ? event.key.toUpperCase() : event.key);
  return parts.join("+");
}

/** A key that means something with others only. */
export const isModifier = (key: string): boolean => ["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead", "Process", "Unidentified"].includes(key);

const ARROWS: Readonly<Record<string, string>> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** `Mod+Enter` -> `Ctrl+Enter` or `⌘Enter`. */
export const readableKeys = (combination: string): string => {
  const keys = combination.replace(/Arrow(?:Left|Right|Up|Down)/, (name) => ARROWS[name]!);
  return isMac() ? keys.replace("Mod+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥") : keys.replace("Mod", "Ctrl").split("+").map((key) => named("keys", key)).join("+");
};

const takesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** Enter belongs to what it would press. */
const isPressed = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=button], [role=option], [role=radio], [role=switch], [role=spinbutton]") !== null;

export function listenToKeys(editor: Editor): void {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (editor.closeTop() || leaveNode(event.target)) event.preventDefault();
      else if (takesText(event.target)) (event.target as HTMLElement).blur();
      else if (editor.ui.selectsBoxes.value) editor.ui.selectsBoxes.value = false;
      else if (!editor.clearSelection()) editor.active.value?.leave();
      return;
    }
    if (event.defaultPrevented) return;
    const isElsewhere = takesText(event.target) || editor.isModal || isPressed(event);
    const command = editor.commands.under(combination(event)).find((entry) => (entry.always || !isElsewhere) && editor.commands.isPossible(entry));
    if (!command) return;
    event.preventDefault();
    editor.commands.run(command.id);
  });
}

/** `Undo` -> `Undo (Ctrl+Z)`, for what lies under the pointer. */
export function withKeys(editor: Editor, text: string, command: string): string {
  const [keys] = editor.commands.keysOf(command);
  return keys ? `${text} (${readableKeys(keys)})` : text;
}
