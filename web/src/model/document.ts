/** What is an open workflow? Its graph, undo, selection, view and the state of its runs. */

import { batch, signal, type Signal } from "@preact/signals-core";
import type { NodeDecoration } from "./decorations";
import type { Edit, Touched } from "./edits";
import { layoutNode, nodeBounds, type NodeLayout } from "./geometry";
import type { Graph } from "./graph";
import { heldBy } from "./groups";
import { History } from "./history";
import { inDefinition, innermost, keyAt, touchedAt } from "./levels";
import { IDLE, type NodeRun, type RunError } from "./run_state";
import type { GraphNode, JsonObject, NodeId, Rect } from "./types";
import { writeWorkflow, type CameraState } from "./workflow_write";

/** Where the user is in a workflow: the level, and where he looks at each. */
export interface DocumentView {
  readonly path: readonly NodeId[];
  /** By the path of the level, `12:3`. */
  readonly cameras: Readonly<Record<string, CameraState>>;
}

/** Node types that show a picture whether or not there is one yet. */
const MEDIA_TYPES = new Set(["SaveImage", "PreviewImage", "LoadImage", "LoadImageMask", "LoadImageOutput"]);

export class Document {
  readonly history: History;
  readonly name: Signal<string>;
  readonly selection: Signal<ReadonlySet<NodeId>> = signal(new Set());
  readonly selectedGroups: Signal<ReadonlySet<number>> = signal(new Set());
  readonly camera: Signal<CameraState> = signal({ x: 0, y: 0, scale: 1 });
  /** Grows with every edit. */
  readonly revision = signal(0);
  /** The revision that is saved under the name. */
  readonly savedRevision = signal(0);
  /** Prompts of this document, oldest first; the last of them filled the results. */
  readonly prompts: Signal<readonly string[]> = signal([]);
  readonly runningNode: Signal<NodeId | null> = signal(null);
  readonly errors: Signal<readonly RunError[]> = signal([]);
  /** True once a place for the camera was chosen, by the file or by the user. */
  isPlaced = false;
  /** Path below `workflows/` on the server, once saved there. */
  savedAs: string | null = null;
  /** Names the content that was read or saved there last; a save replaces that one and no other. */
  savedDigest: string | null = null;

  private readonly decorations = new Map<NodeId, NodeDecoration>();
  private readonly layouts = new Map<NodeId, NodeLayout>();
  private readonly nodeSignals = new Map<NodeId, Signal<number>>();
  private readonly runs = new Map<NodeId, Signal<NodeRun>>();
  private readonly listeners = new Set<(ids: ReadonlySet<NodeId>) => void>();

  /** Ids of the subgraph nodes that were entered one in the other; empty in the workflow itself. */
  readonly path: Signal<readonly NodeId[]> = signal([]);
  private shown: Graph;
  /** Where the user looked at the levels that are not shown now. */
  private readonly cameras = new Map<string, CameraState>();

  constructor(readonly id: string, name: string, readonly root: Graph) {
    this.name = signal(name);
    this.history = new History(root);
    this.shown = root;
  }

  /** The graph that is shown and edited: the workflow, or the subgraph that was entered. */
  get graph(): Graph {
    return this.shown;
  }

  /** What a node of the shown graph is called in prompts, runs and events: `12:3` inside node 12. */
  key(id: NodeId): string {
    return keyAt(this.path.peek(), id);
  }

  /** Shows the inside of a subgraph's node. */
  enter(id: NodeId): void {
    if (this.graph.subgraphs.has(this.graph.nodes.get(id)?.type ?? "")) this.goTo([...this.path.peek(), id]);
  }

  /** Goes back to the level around; false in the workflow itself. */
  leave(): boolean {
    const path = this.path.peek();
    if (path.length === 0) return false;
    this.goTo(path.slice(0, -1));
    this.select([path.at(-1)!]);
    return true;
  }

  /** Shows the level that `path` names, or the innermost of its levels that is there. */
  goTo(path: readonly NodeId[]): void {
    const { graph, path: found } = innermost(this.root, path);
    if (found.join(":") === this.path.peek().join(":") && graph === this.shown) return;
    this.history.close();
    if (this.isPlaced) this.cameras.set(this.path.peek().join(":"), this.camera.peek());
    const camera = this.cameras.get(found.join(":"));
    batch(() => {
      this.select([]);
      this.layouts.clear();
      this.shown = graph;
      this.isPlaced = camera !== undefined;
      if (camera) this.camera.value = camera;
      this.path.value = found;
    });
  }

  get view(): DocumentView {
    const here = this.isPlaced ? { [this.path.peek().join(":")]: this.camera.peek() } : {};
    return { path: this.path.peek(), cameras: { ...Object.fromEntries(this.cameras), ...here } };
  }

  /** Goes back to where a user was, as far as its levels are still there. */
  restoreView({ path, cameras }: DocumentView): void {
    for (const [level, camera] of Object.entries(cameras)) if (level !== "") this.cameras.set(level, camera);
    this.goTo(path);
  }

  /** True for a type that shows a picture whether or not there is one yet. */
  static isMediaType(type: string): boolean {
    return MEDIA_TYPES.has(type);
  }

  get isDirty(): boolean {
    return this.revision.value !== this.savedRevision.value;
  }

  /** Applies edits as one undoable step; the same `key` goes on with the step of a gesture until `endGesture`. */
  edit(label: string, edits: readonly Edit[], key: string | null = null): void {
    if (edits.length === 0) return;
    const touched = this.history.apply(label, inDefinition(this.graph, edits), key, this.path.peek());
    const meant = edits.some((edit) => edit.kind !== "field" || edit.field === "mode");
    const here = touchedAt(this.graph, touched);
    if (meant) this.forgetErrors(here);
    this.changed(here);
  }

  endGesture(): void {
    this.history.close();
  }

  /** Takes the last step back, at the level where it was made. */
  undo(): void {
    if (this.history.canUndo) this.goTo(this.history.undoPlace);
    this.taken(this.history.undo());
  }

  /** Takes the last step back as if it had never been: for what failed halfway. */
  takeBack(): void {
    this.taken(this.history.discard());
  }

  redo(): void {
    if (this.history.canRedo) this.goTo(this.history.redoPlace);
    this.taken(this.history.redo());
  }

  select(ids: Iterable<NodeId>, groups: Iterable<number> = []): void {
    batch(() => {
      this.selection.value = new Set(ids);
      const chosen = new Set(groups);
      if (chosen.size > 0 || this.selectedGroups.peek().size > 0) this.selectedGroups.value = chosen;
    });
  }

  get hasSelection(): boolean {
    return this.selection.value.size > 0 || this.selectedGroups.value.size > 0;
  }

  /** Selects a group with all that it holds; with `toggled` beside what is selected, or takes it off. */
  selectGroup(id: number, toggled = false): void {
    const { nodes, groups } = heldBy(this.graph, [id], (node) => this.bounds(node));
    const [before, groupsBefore] = toggled ? [this.selection.peek(), this.selectedGroups.peek()] : [[], []];
    if (toggled && this.selectedGroups.peek().has(id)) this.select([...before].filter((node) => !nodes.includes(node)), [...groupsBefore].filter((group) => !groups.includes(group)));
    else this.select([...before, ...nodes], [...groupsBefore, ...groups]);
  }

  /** Called with the nodes that changed, after each edit and whenever a node's picture needs another size. */
  onChange(listener: (ids: ReadonlySet<NodeId>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Grows with every change of this node; read it to be drawn again. */
  nodeRevision(id: NodeId): Signal<number> {
    const key = this.key(id);
    let found = this.nodeSignals.get(key);
    if (!found) this.nodeSignals.set(key, (found = signal(0)));
    return found;
  }

  /** The run of a node by its key, at whatever level it is. */
  run(key: string): Signal<NodeRun> {
    let found = this.runs.get(key);
    if (!found) this.runs.set(key, (found = signal(IDLE)));
    return found;
  }

  updateRun(key: string, change: Partial<NodeRun>): void {
    const run = this.run(key);
    const before = run.value;
    run.value = { ...before, ...change };
    const id = key === this.key(key) ? key : key.slice(key.lastIndexOf(":") + 1);
    const node = key === this.key(id) ? this.graph.nodes.get(id) : undefined;
    if (node && showsMedia(node, before) !== showsMedia(node, run.value)) this.changed(new Set([id]), false);
  }

  /** Keys of nodes that have a run state. */
  runIds(): IterableIterator<NodeId> {
    return this.runs.keys();
  }

  hasMedia(node: GraphNode): boolean {
    return showsMedia(node, this.runs.get(this.key(node.id))?.peek() ?? IDLE);
  }

  layout(id: NodeId): NodeLayout {
    let found = this.layouts.get(id);
    if (!found) {
      const node = this.graph.node(id);
      this.layouts.set(id, (found = layoutNode(this.graph, node, this.hasMedia(node), this.decoration(id)?.lines.length)));
    }
    return found;
  }

  /** What extensions show on a node. */
  decoration(id: NodeId): NodeDecoration | undefined {
    return this.decorations.get(this.key(id));
  }

  /** Shows other decorations on nodes; null takes one off. It is no edit. */
  decorate(changes: ReadonlyMap<NodeId, NodeDecoration | null>): void {
    for (const [id, decoration] of changes)
      if (decoration) this.decorations.set(this.key(id), decoration);
      else this.decorations.delete(this.key(id));
    this.redraw(changes.keys());
  }

  /** Lays nodes out and draws them again though nothing of the workflow changed. */
  redraw(ids: Iterable<NodeId>): void {
    const present = new Set([...ids].filter((id) => this.graph.nodes.has(id)));
    if (present.size > 0) this.changed(present, false);
  }

  bounds(id: NodeId): Rect {
    return nodeBounds(this.graph.node(id), this.layout(id));
  }

  toWorkflow(): JsonObject {
    return writeWorkflow(this.root, this.path.peek().length === 0 ? this.camera.peek() : this.cameras.get(""));
  }

  private taken(touched: Touched | null): void {
    if (!touched) return;
    this.forgetErrors(touchedAt(this.graph, touched));
    this.changed(touchedAt(this.graph, touched));
  }

  /** A node that was changed may be right now; the next run says. */
  private forgetErrors(ids: ReadonlySet<NodeId>): void {
    const keys = [...ids].map((id) => this.key(id));
    const isAbout = (key: string): boolean => keys.some((touched) => key === touched || key.startsWith(`${touched}:`) || touched.startsWith(`${key}:`));
    for (const [key, run] of this.runs) if (run.peek().errors.length > 0 && isAbout(key)) this.updateRun(key, { phase: "idle", errors: [] });
    if (this.errors.peek().some((error) => error.node !== null && isAbout(error.node)))
      this.errors.value = this.errors.peek().filter((error) => error.node === null || !isAbout(error.node));
  }

  private changed(touched: ReadonlySet<NodeId>, isEdit = true): void {
    const [nodes, groups] = [[...this.selection.peek()], [...this.selectedGroups.peek()]];
    const isGone = nodes.some((id) => !this.graph.nodes.has(id)) || groups.some((id) => !this.graph.groups.has(id));
    if (isGone) this.select(nodes.filter((id) => this.graph.nodes.has(id)), groups.filter((id) => this.graph.groups.has(id)));
    for (const id of touched) {
      this.layouts.delete(id);
      const revision = this.nodeRevision(id);
      revision.value += 1;
    }
    if (isEdit) this.revision.value += 1;
    for (const listener of this.listeners) listener(touched);
  }
}

/** A node has room for a picture when its type shows one, or a run brought one. */
function showsMedia(node: GraphNode, run: NodeRun): boolean {
  return MEDIA_TYPES.has(node.type) || run.images.length > 0 || run.preview !== null || run.texts.length > 0;
}
