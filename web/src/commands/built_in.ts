/** The editor's own commands: run, workflow, edit. */

import type { Editor } from "../editor";
import { editSelectedMask, pictureOf } from "../interaction/masks";
import { copyByCommand, pasteByCommand } from "../interaction/clipboard";
import { downloadActive, exportPrompt } from "../interaction/files";
import { currentNode, enterNode, walk } from "../interaction/focus";
import { offerSockets } from "../interaction/connecting";
import {
  alignSelection, ARRANGEMENTS, colorGroup, colorNodes, groupOfSelection, nudgeSelection, offerGroups, placeOfSelection, renameGroup, tidySelection, togglePinned, ungroup,
} from "../interaction/looks";
import { offerMenuOfSelection } from "../interaction/surface";
import { saveActive } from "../interaction/saving";
import { enterSelected, makeSubgraph, unpackNode } from "../interaction/subgraphs";
import { closeDocument, turnTabs } from "../interaction/tabs";
import { showsForm } from "../forms/shown";
import { shownHalf, toggleHalf } from "../library/shown";
import { isBorder } from "../model/subgraph_type";
import { NodeMode, type GraphNode, type NodeId } from "../model/types";
import type { Direction } from "../model/walking";
import { FOLLOW_NODE, MINIMAP, TELL_ENDS } from "../settings/built_in";
import type { Toggle } from "../settings/settings";
import { cancelRun, cancelWaiting, keepRunning, kept, runBatch, stopKeeping } from "../running/repeat";
import { showsSweep, timedJob, toggleTimes } from "../running/shown";
import { phrase } from "../words";
import type { Command } from "./registry";
import type { Words } from "./words";

export const selected = (editor: Editor): NodeId[] => [...(editor.active.value?.selection.value ?? [])].filter((id) => !isBorder(id));
const hasNodes = (editor: Editor): boolean => selected(editor).length > 0;
const hasSelection = (editor: Editor): boolean => hasNodes(editor) || (editor.active.value?.selectedGroups.value.size ?? 0) > 0;
const hasSeveral = (editor: Editor): boolean => selected(editor).length > 1;
const onlyNode = (editor: Editor): NodeId | null => (selected(editor).length === 1 ? selected(editor)[0]! : null);
const isSubgraph = (editor: Editor): boolean => {
  const id = onlyNode(editor);
  const graph = editor.active.value?.graph;
  return id !== null && graph !== undefined && graph.subgraphs.has(graph.node(id).type);
};
/** True when all selected nodes are so. */
const areAll = (is: (node: GraphNode) => boolean) => (editor: Editor): boolean => hasNodes(editor) && selected(editor).every((id) => is(editor.active.value!.graph.node(id)));
const hasPicture = (editor: Editor): boolean => {
  const id = onlyNode(editor);
  return id !== null && pictureOf(editor.active.value!, id) !== null;
};

/** A command that switches a setting. */
const switches = (id: string, setting: Toggle, more: Partial<Command>): Command => ({
  id, label: setting.label, group: "View", checked: (editor) => editor.settings.of(setting).value,
  run: (editor) => editor.settings.set(setting, !editor.settings.of(setting).peek()), ...more,
});

const RUN: readonly Command[] = [
  { id: "run.run", label: phrase("commands.run.run"), group: "Run", keys: ["Mod+Enter"], always: true, keywords: "queue prompt generate", run: (editor) => runBatch(editor) },
  { id: "run.selected", label: phrase("commands.run.selected"), group: "Run", keys: ["Mod+Shift+Enter"], always: true, when: hasNodes, run: (editor) => editor.runTo(selected(editor)) },
  { id: "run.cancel", label: phrase("commands.run.cancel"), group: "Run", keys: ["Mod+Alt+Enter"], always: true, keywords: "stop interrupt", when: (editor) => editor.isRunning.value, run: (editor) => cancelRun(editor) },
  { id: "run.cancel_waiting", label: phrase("commands.run.cancel_waiting"), group: "Run", keywords: "clear queue", when: (editor) => editor.queue.value.pending.length > 0, run: (editor) => cancelWaiting(editor) },
  { id: "run.keep", label: phrase("commands.run.keep"), group: "Run", keywords: "auto queue instant", checked: () => kept.value !== null, run: (editor) => (kept.peek() !== null ? stopKeeping() : keepRunning(editor)) },
  { id: "run.sweep", label: phrase("commands.run.sweep"), group: "Run", keywords: "grid xy plot contact sheet", run: () => (showsSweep.value = true) },
  { id: "run.times", label: phrase("commands.run.times"), group: "Run", keywords: "timeline profile", checked: () => timedJob.value !== null, run: (editor) => toggleTimes(editor) },
  switches("run.follow", FOLLOW_NODE, { group: "Run" }),
  switches("run.notify", TELL_ENDS, { group: "Run" }),
];

const WORKFLOW: readonly Command[] = [
  { id: "workflow.new", label: phrase("commands.workflow.new"), group: "Workflow", run: (editor) => editor.newDocument() },
  { id: "workflow.open", label: phrase("commands.workflow.open"), group: "Workflow", keys: ["Mod+O"], always: true, keywords: "load import file", run: (editor) => (editor.ui.dialog.value = "open") },
  { id: "workflow.templates", label: phrase("templates.open"), group: "Workflow", keys: ["Shift+T"], keywords: "examples gallery start", run: (editor) => (editor.ui.dialog.value = "templates") },
  { id: "workflow.save", label: phrase("commands.workflow.save"), group: "Workflow", keys: ["Mod+S"], always: true, run: (editor) => saveActive(editor) },
  { id: "workflow.save_as", label: phrase("commands.workflow.save_as"), group: "Workflow", keys: ["Mod+Shift+S"], always: true, run: (editor) => (editor.ui.dialog.value = "save") },
  { id: "workflow.versions", label: phrase("commands.workflow.versions"), group: "Workflow", keys: ["H"], keywords: "history restore", run: (editor) => (editor.ui.dialog.value = "versions") },
  { id: "workflow.trash", label: phrase("commands.workflow.trash"), group: "Workflow", keywords: "deleted restore", run: (editor) => (editor.ui.dialog.value = "trash") },
  { id: "workflow.download", label: phrase("commands.workflow.download"), group: "Workflow", keywords: "export", run: (editor) => downloadActive(editor) },
  { id: "workflow.export", label: phrase("commands.workflow.export"), group: "Workflow", keywords: "prompt format", run: (editor) => exportPrompt(editor) },
  { id: "workflow.share", label: phrase("sharing.open"), group: "Workflow", keywords: "export png svg picture metadata private copy", run: (editor) => (editor.ui.dialog.value = "share") },
  { id: "workflow.close", label: phrase("commands.workflow.close"), group: "Workflow", when: (editor) => editor.documents.value.length > 1, run: (editor) => closeDocument(editor, editor.active.value!) },
  { id: "workflow.next", label: phrase("commands.workflow.next"), group: "Go to", keys: ["Alt+PageDown"], when: (editor) => editor.documents.value.length > 1, run: (editor) => turnTabs(editor, 1) },
  { id: "workflow.previous", label: phrase("commands.workflow.previous"), group: "Go to", keys: ["Alt+PageUp"], when: (editor) => editor.documents.value.length > 1, run: (editor) => turnTabs(editor, -1) },
];

const EDIT: readonly Command[] = [
  { id: "edit.undo", label: phrase("commands.edit.undo"), group: "Edit", keys: ["Mod+Z"], when: (editor) => editor.active.value?.history.canUndo ?? false, run: (editor) => editor.active.value?.undo() },
  { id: "edit.redo", label: phrase("commands.edit.redo"), group: "Edit", keys: ["Mod+Shift+Z", "Mod+Y"], when: (editor) => editor.active.value?.history.canRedo ?? false, run: (editor) => editor.active.value?.redo() },
  { id: "edit.add", label: phrase("commands.edit.add"), group: "Edit", keys: ["/"], keywords: "search insert double click", run: (editor) => editor.offerNodesInMiddle() },
  { id: "edit.delete", label: phrase("commands.edit.delete"), group: "Edit", keys: ["Delete", "Backspace"], keywords: "remove", when: hasSelection, run: (editor) => editor.removeSelection() },
  { id: "edit.select_all", label: phrase("commands.edit.select_all"), group: "Edit", keys: ["Mod+A"], run: (editor) => editor.selectAll() },
  { id: "edit.box", label: phrase("commands.edit.box"), group: "Edit", keywords: "marquee lasso touch several", checked: (editor) => editor.ui.selectsBoxes.value, run: (editor) => (editor.ui.selectsBoxes.value = !editor.ui.selectsBoxes.value) },
  { id: "edit.copy", label: phrase("commands.edit.copy"), group: "Edit", keywords: "clipboard", when: hasSelection, run: (editor) => copyByCommand(editor) },
  { id: "edit.cut", label: phrase("commands.edit.cut"), group: "Edit", keywords: "clipboard", when: hasSelection, run: (editor) => copyByCommand(editor).then(() => editor.removeSelection()) },
  { id: "edit.paste", label: phrase("commands.edit.paste"), group: "Edit", keywords: "clipboard insert", run: (editor) => pasteByCommand(editor, editor.stage.canvasPoint([editor.stage.width / 3, editor.stage.height / 3])) },
  { id: "edit.duplicate", label: phrase("commands.edit.duplicate"), group: "Edit", keys: ["Mod+D"], keywords: "clone copy", when: hasSelection, run: (editor) => editor.duplicate() },
  { id: "node.rename", label: phrase("commands.node.rename"), group: "Node", keys: ["F2"], keywords: "title", when: (editor) => onlyNode(editor) !== null, run: (editor) => editor.renameSelected() },
  { id: "node.mute", label: phrase("commands.node.mute"), group: "Node", keys: ["Mod+M"], keywords: "disable unmute", when: hasNodes, checked: areAll(({ mode }) => mode === NodeMode.mute), run: (editor) => editor.toggleMode(2) },
  { id: "node.bypass", label: phrase("commands.node.bypass"), group: "Node", keys: ["Mod+B"], keywords: "disable skip", when: hasNodes, checked: areAll(({ mode }) => mode === NodeMode.bypass), run: (editor) => editor.toggleMode(4) },
  { id: "node.collapse", label: phrase("commands.node.collapse"), group: "Node", keys: ["Alt+C"], keywords: "minimize fold expand", when: hasNodes, checked: areAll(({ collapsed }) => collapsed), run: (editor) => editor.toggleCollapsed() },
  { id: "node.pin", label: phrase("commands.node.pin"), group: "Node", keys: ["P"], keywords: "lock unpin", when: hasNodes, checked: areAll(({ pinned }) => pinned), run: (editor) => togglePinned(editor) },
  { id: "node.color", label: phrase("commands.node.color"), group: "Node", when: hasNodes, run: (editor) => colorNodes(editor, editor.active.value!, placeOfSelection(editor)) },
  { id: "node.mask", label: phrase("commands.node.mask"), group: "Node", keys: ["E"], keywords: "paint brush inpaint", when: hasPicture, run: (editor) => editSelectedMask(editor) },
  { id: "edit.group", label: phrase("commands.edit.group"), group: "Edit", keys: ["Mod+G"], when: hasNodes, run: (editor) => editor.groupSelection() },
  { id: "subgraph.make", label: phrase("commands.subgraph.make"), group: "Subgraph", keys: ["Mod+Shift+G"], when: hasNodes, run: (editor) => makeSubgraph(editor) },
  { id: "subgraph.open", label: phrase("commands.subgraph.open"), group: "Subgraph", keys: ["Enter"], keywords: "enter", when: isSubgraph, run: (editor) => enterSelected(editor) },
  { id: "subgraph.leave", label: phrase("commands.subgraph.leave"), group: "Subgraph", keywords: "exit up", when: (editor) => (editor.active.value?.path.value.length ?? 0) > 0, run: (editor) => editor.active.value?.leave() },
  { id: "subgraph.unpack", label: phrase("commands.subgraph.unpack"), group: "Subgraph", keywords: "dissolve ungroup", when: isSubgraph, run: (editor) => unpackNode(editor, editor.active.value!, selected(editor)[0]!) },
];

const move = (id: string, key: string, label: Words, dx: number, dy: number): Command => ({ id, label, group: "Arrange", keys: [key], when: hasSelection, run: (editor) => nudgeSelection(editor, dx, dy) });

const ARRANGE: readonly Command[] = [
  { id: "arrange.tidy", label: phrase("commands.arrange.tidy"), group: "Arrange", keys: ["T"], keywords: "layout columns", when: hasSeveral, run: (editor) => tidySelection(editor) },
  ...ARRANGEMENTS.map((how): Command => ({ id: `arrange.${how}`, label: phrase(`commands.arrange.${how}`), group: "Arrange", when: hasSeveral, run: (editor) => alignSelection(editor, how) })),
  move("arrange.move_left", "ArrowLeft", phrase("commands.arrange.move_left"), -1, 0),
  move("arrange.move_right", "ArrowRight", phrase("commands.arrange.move_right"), 1, 0),
  move("arrange.move_up", "ArrowUp", phrase("commands.arrange.move_up"), 0, -1),
  move("arrange.move_down", "ArrowDown", phrase("commands.arrange.move_down"), 0, 1),
];

const VIEW: readonly Command[] = [
  { id: "view.all", label: phrase("commands.view.all"), group: "View", keys: ["F"], keywords: "fit zoom", run: (editor) => editor.stage.fit() },
  { id: "view.selection", label: phrase("commands.view.selection"), group: "View", keys: ["."], keywords: "fit focus zoom", when: hasSelection, run: (editor) => editor.fitSelection() },
  { id: "view.zoom_in", label: phrase("commands.view.zoom_in"), group: "View", keys: ["="], run: (editor) => editor.zoom(1.25) },
  { id: "view.zoom_out", label: phrase("commands.view.zoom_out"), group: "View", keys: ["-"], run: (editor) => editor.zoom(0.8) },
  switches("view.map", MINIMAP, { keys: ["M"], keywords: "minimap overview" }),
  { id: "library.workflows", label: phrase("library.showWorkflows"), group: "Panels", keys: ["W"], keywords: "saved folders files browse", checked: () => shownHalf.value === "workflows", run: () => toggleHalf("workflows") },
  { id: "library.models", label: phrase("library.showModels"), group: "Panels", keys: ["L"], keywords: "checkpoints loras files browser library", checked: () => shownHalf.value === "models", run: () => toggleHalf("models") },
  { id: "view.form", label: phrase("formPanel.open"), group: "Panels", keys: ["Shift+F"], keywords: "app page simple share widgets", checked: () => showsForm.value, run: () => (showsForm.value = !showsForm.value) },
  { id: "view.results", label: phrase("commands.view.results"), group: "Panels", keys: ["G"], keywords: "gallery history pictures", checked: (editor) => editor.ui.showsGallery.value, run: (editor) => (editor.ui.showsGallery.value = !editor.ui.showsGallery.value) },
  { id: "view.outline", label: phrase("commands.view.outline"), group: "Panels", keys: ["O"], keywords: "tree list nodes navigate", checked: (editor) => editor.ui.showsOutline.value, run: (editor) => (editor.ui.showsOutline.value = !editor.ui.showsOutline.value) },
  { id: "view.packs", label: phrase("commands.view.packs"), group: "Panels", keywords: "custom nodes extensions", run: (editor) => (editor.ui.dialog.value = "packs") },
  { id: "palette.open", label: phrase("commands.palette.open"), group: "Panels", keys: ["Mod+Shift+P", "Mod+K"], always: true, keywords: "palette actions", run: (editor) => (editor.ui.dialog.value = "palette") },
  { id: "settings.open", label: phrase("commands.settings.open"), group: "Panels", keys: ["Mod+,"], always: true, keywords: "preferences options keys shortcuts", run: (editor) => (editor.ui.dialog.value = "settings") },
  { id: "view.help", label: phrase("commands.view.help"), group: "Panels", keys: ["?"], keywords: "shortcuts keys mouse sockets", run: (editor) => (editor.ui.dialog.value = editor.ui.dialog.value === "help" ? null : "help") },
];

const step = (direction: Direction, key: string, label: Words): Command => ({ id: `walk.${direction}`, label, group: "Go to", keys: [`Alt+${key}`], run: (editor) => walk(editor, direction) });

const WALK: readonly Command[] = [
  step("right", "ArrowRight", phrase("commands.walk.right")),
  step("left", "ArrowLeft", phrase("commands.walk.left")),
  step("up", "ArrowUp", phrase("commands.walk.up")),
  step("down", "ArrowDown", phrase("commands.walk.down")),
  { id: "node.inside", label: phrase("commands.node.inside"), group: "Go to", keys: ["Enter"], keywords: "widgets edit focus", when: (editor) => currentNode(editor) !== null, run: (editor) => enterNode(editor) },
  { id: "node.connect", label: phrase("commands.node.connect"), group: "Node", keys: ["C"], keywords: "link wire join", when: (editor) => onlyNode(editor) !== null, run: (editor) => offerSockets(editor, onlyNode(editor)!) },
  { id: "node.menu", label: phrase("commands.node.menu"), group: "Node", keys: ["Shift+F10", "ContextMenu"], hidden: true, when: hasNodes, run: (editor) => offerMenuOfSelection(editor) },
  { id: "group.find", label: phrase("commands.group.find"), group: "Go to", when: (editor) => (editor.active.value?.graph.groups.size ?? 0) > 0, run: (editor) => offerGroups(editor) },
  { id: "group.rename", label: phrase("commands.group.rename"), group: "Edit", when: (editor) => groupOfSelection(editor) !== null, run: (editor) => renameGroup(editor, groupOfSelection(editor)!.id) },
  { id: "group.color", label: phrase("commands.group.color"), group: "Edit", when: (editor) => groupOfSelection(editor) !== null, run: (editor) => colorGroup(editor, editor.active.value!, groupOfSelection(editor)!.id, placeOfSelection(editor)) },
  { id: "group.remove", label: phrase("commands.group.remove"), group: "Edit", when: (editor) => groupOfSelection(editor) !== null, run: (editor) => ungroup(editor.active.value!, groupOfSelection(editor)!.id) },
];

export const BUILT_IN: readonly Command[] = [...RUN, ...WORKFLOW, ...EDIT, ...WALK, ...ARRANGE, ...VIEW];
