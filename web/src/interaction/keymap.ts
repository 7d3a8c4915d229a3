/** Which key does what? One table, used by the keyboard and by the help. */

import type { Editor } from "../editor";
import { cancelRun, runBatch } from "../running/repeat";
import { tidySelection, togglePinned } from "./looks";
import { enterSelected, makeSubgraph } from "./subgraphs";
import { editSelectedMask } from "./masks";
import { saveActive } from "./saving";

export interface Command {
  readonly keys: string;
  readonly says: string;
  readonly group: "Run" | "Edit" | "View" | "Workflow";
  /** Works while text is typed as well. */
  readonly always?: boolean;
  readonly act: (editor: Editor) => void;
}

/** `Mod` is Ctrl, on a Mac Command. The first entry for a combination wins. */
export const COMMANDS: readonly Command[] = [
  { keys: "Mod+Enter", says: "Run", group: "Run", always: true, act: (editor) => void runBatch(editor) },
  { keys: "Mod+Shift+Enter", says: "Run up to the selected nodes", group: "Run", always: true, act: (editor) => void editor.runTo([...(editor.active.value?.selection.value ?? [])]) },
  { keys: "Mod+Alt+Enter", says: "Cancel the run", group: "Run", always: true, act: (editor) => void cancelRun(editor) },
  { keys: "Mod+Z", says: "Undo", group: "Edit", act: (editor) => editor.active.value?.undo() },
  { keys: "Mod+Shift+Z", says: "Redo", group: "Edit", act: (editor) => editor.active.value?.redo() },
  { keys: "Mod+Y", says: "Redo", group: "Edit", act: (editor) => editor.active.value?.redo() },
  { keys: "Delete", says: "Delete the selection", group: "Edit", act: (editor) => editor.removeSelection() },
  { keys: "Backspace", says: "Delete the selection", group: "Edit", act: (editor) => editor.removeSelection() },
  { keys: "Mod+A", says: "Select all", group: "Edit", act: (editor) => editor.selectAll() },
  { keys: "Mod+D", says: "Duplicate", group: "Edit", act: (editor) => editor.duplicate() },
  { keys: "Mod+M", says: "Mute or unmute", group: "Edit", act: (editor) => editor.toggleMode(2) },
  { keys: "Mod+B", says: "Bypass or not", group: "Edit", act: (editor) => editor.toggleMode(4) },
  { keys: "Alt+C", says: "Collapse or expand", group: "Edit", act: (editor) => editor.toggleCollapsed() },
  { keys: "Mod+G", says: "Group the selection", group: "Edit", act: (editor) => editor.groupSelection() },
  { keys: "Mod+Shift+G", says: "Make a subgraph of the selection", group: "Edit", act: (editor) => makeSubgraph(editor) },
  { keys: "Enter", says: "Open the selected subgraph", group: "View", act: (editor) => enterSelected(editor) },
  { keys: "P", says: "Pin or unpin", group: "Edit", act: (editor) => togglePinned(editor) },
  { keys: "T", says: "Tidy up the selection", group: "Edit", act: (editor) => tidySelection(editor) },
  { keys: "E", says: "Edit the mask of the node's picture", group: "Edit", act: (editor) => editSelectedMask(editor) },
  { keys: "F2", says: "Rename the node", group: "Edit", act: (editor) => editor.renameSelected() },
  { keys: "ArrowLeft", says: "Move the selection (arrow keys)", group: "Edit", act: (editor) => editor.nudge(-10, 0) },
  { keys: "ArrowRight", says: "Move the selection (arrow keys)", group: "Edit", act: (editor) => editor.nudge(10, 0) },
  { keys: "ArrowUp", says: "Move the selection (arrow keys)", group: "Edit", act: (editor) => editor.nudge(0, -10) },
  { keys: "ArrowDown", says: "Move the selection (arrow keys)", group: "Edit", act: (editor) => editor.nudge(0, 10) },
  { keys: "/", says: "Add a node (or double click)", group: "Edit", act: (editor) => editor.offerNodesInMiddle() },
  { keys: "Mod+S", says: "Save", group: "Workflow", always: true, act: (editor) => void saveActive(editor) },
  { keys: "Mod+Shift+S", says: "Save under another name", group: "Workflow", always: true, act: (editor) => (editor.ui.dialog.value = "save") },
  { keys: "Mod+O", says: "Open", group: "Workflow", always: true, act: (editor) => (editor.ui.dialog.value = "open") },
  { keys: "H", says: "Versions", group: "Workflow", act: (editor) => (editor.ui.dialog.value = "versions") },
  { keys: "F", says: "Show everything", group: "View", act: (editor) => editor.stage.fit() },
  { keys: ".", says: "Show the selection", group: "View", act: (editor) => editor.fitSelection() },
  { keys: "=", says: "Zoom in", group: "View", act: (editor) => editor.zoom(1.25) },
  { keys: "-", says: "Zoom out", group: "View", act: (editor) => editor.zoom(0.8) },
  { keys: "M", says: "Map of the workflow", group: "View", act: (editor) => editor.ui.toggleMinimap() },
  { keys: "G", says: "Results", group: "View", act: (editor) => (editor.ui.showsGallery.value = !editor.ui.showsGallery.value) },
  { keys: "?", says: "Help", group: "View", act: (editor) => (editor.ui.dialog.value = editor.ui.dialog.value === "help" ? null : "help") },
];

/** What the mouse does, for the help. */
export const GESTURES: readonly (readonly [string, string])[] = [
  ["Drag the background", "Pan (also middle button, or Space and drag)"],
  ["Wheel", "Zoom"],
  ["Shift and drag", "Select with a box"],
  ["Double click", "Search and add a node"],
  ["Drag from a socket", "Connect; let go in the void to see what fits"],
  ["Alt and drag across links", "Cut them (Ctrl+Alt where Alt is taken)"],
  ["Drop a free node on a link", "Put it into the link"],
  ["Double click on a subgraph", "Open it; Escape leaves it"],
  ["Drag a number sideways", "Change it; click to type"],
  ["Drop a picture or JSON", "Open the workflow inside"],
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

/** `Mod+Enter` -> `Ctrl+Enter` or `⌘Enter`. */
export const readableKeys = (keys: string): string => (isMac() ? keys.replace("Mod+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥") : keys.replace("Mod", "Ctrl"));

const takesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** Enter belongs to what it would press. */
const isPressed = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=option], [role=radio], [role=switch], [role=spinbutton]") !== null;

export function listenToKeys(editor: Editor): void {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (editor.escape()) event.preventDefault();
      else if (takesText(event.target)) (event.target as HTMLElement).blur();
      else editor.active.value?.leave();
      return;
    }
    const command = COMMANDS.find((entry) => entry.keys === combination(event));
    if (!command || event.defaultPrevented) return;
    if ((takesText(event.target) || editor.isModal || isPressed(event)) && !command.always) return;
    event.preventDefault();
    command.act(editor);
  });
}
