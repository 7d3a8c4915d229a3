/** What is an open workflow? Its graph, undo, selection, view and the state of its runs. */

import { signal, type Signal } from "@preact/signals-core";
import type { Edit } from "./edits";
import { layoutNode, nodeBounds, type NodeLayout } from "./geometry";
import type { Graph } from "./graph";
import { History } from "./history";
import { IDLE, type NodeRun, type RunError } from "./run_state";
import type { GraphNode, JsonObject, NodeId, Rect } from "./types";
import { writeWorkflow, type CameraState } from "./workflow_write";

/** Node types that show a picture whether or not there is one yet. */
const MEDIA_TYPES = new Set(["SaveImage", "PreviewImage", "LoadImage", "LoadImageMask", "LoadImageOutput"]);

export class Document {
  readonly history: History;
  readonly name: Signal<string>;
  readonly selection: Signal<ReadonlySet<NodeId>> = signal(new Set());
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

  private readonly layouts = new Map<NodeId, NodeLayout>();
  private readonly nodeSignals = new Map<NodeId, Signal<number>>();
  private readonly runs = new Map<NodeId, Signal<NodeRun>>();
  private readonly listeners = new Set<(ids: ReadonlySet<NodeId>) => void>();

  constructor(readonly id: string, name: string, readonly graph: Graph) {
    this.name = signal(name);
    this.history = new History(graph);
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
    const touched = this.history.apply(label, edits, key);
    const meant = edits.some((edit) => edit.kind !== "field" || edit.field === "mode");
    if (meant) this.forgetErrors(touched);
    this.changed(touched);
  }

  endGesture(): void {
    this.history.close();
  }

  undo(): void {
    this.taken(this.history.undo());
  }

  redo(): void {
    this.taken(this.history.redo());
  }

  select(ids: Iterable<NodeId>): void {
    this.selection.value = new Set(ids);
  }

  /** Called with the nodes that changed, after each edit and whenever a node's picture needs another size. */
  onChange(listener: (ids: ReadonlySet<NodeId>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Grows with every change of this node; read it to be drawn again. */
  nodeRevision(id: NodeId): Signal<number> {
    let found = this.nodeSignals.get(id);
    if (!found) this.nodeSignals.set(id, (found = signal(0)));
    return found;
  }

  run(id: NodeId): Signal<NodeRun> {
    let found = this.runs.get(id);
    if (!found) this.runs.set(id, (found = signal(IDLE)));
    return found;
  }

  updateRun(id: NodeId, change: Partial<NodeRun>): void {
    const run = this.run(id);
    const before = run.value;
    run.value = { ...before, ...change };
    const node = this.graph.nodes.get(id);
    if (node && showsMedia(node, before) !== showsMedia(node, run.value)) this.changed(new Set([id]), false);
  }

  /** Ids of nodes that have a run state. */
  runIds(): IterableIterator<NodeId> {
    return this.runs.keys();
  }

  hasMedia(node: GraphNode): boolean {
    return showsMedia(node, this.runs.get(node.id)?.peek() ?? IDLE);
  }

  layout(id: NodeId): NodeLayout {
    let found = this.layouts.get(id);
    if (!found) {
      const node = this.graph.node(id);
      this.layouts.set(id, (found = layoutNode(this.graph, node, this.hasMedia(node))));
    }
    return found;
  }

  bounds(id: NodeId): Rect {
    return nodeBounds(this.graph.node(id), this.layout(id));
  }

  toWorkflow(): JsonObject {
    return writeWorkflow(this.graph, this.camera.peek());
  }

  private taken(touched: ReadonlySet<NodeId> | null): void {
    if (!touched) return;
    this.forgetErrors(touched);
    this.changed(touched);
  }

  /** A node that was changed may be right now; the next run says. */
  private forgetErrors(ids: ReadonlySet<NodeId>): void {
    for (const id of ids) if (this.runs.get(id)?.peek().errors.length) this.updateRun(id, { phase: "idle", errors: [] });
    if (this.errors.peek().some((error) => error.node !== null && ids.has(error.node)))
      this.errors.value = this.errors.peek().filter((error) => error.node === null || !ids.has(error.node));
  }

  private changed(touched: ReadonlySet<NodeId>, isEdit = true): void {
    const gone = [...this.selection.peek()].filter((id) => !this.graph.nodes.has(id));
    if (gone.length > 0) this.select([...this.selection.peek()].filter((id) => this.graph.nodes.has(id)));
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
