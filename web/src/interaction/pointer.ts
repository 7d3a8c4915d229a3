/** What does a pointer gesture do? A state machine over plain events; it knows no element of the page. */

import { closeUp } from "../model/closing";
import type { Document } from "../model/document";
import type { Edit } from "../model/edits";
import { groupsWithin } from "../model/groups";
import { connect, mayConnect } from "../model/operations";
import { insertInto } from "../model/rewire";
import { isBorder } from "../model/subgraph_type";
import type { Link, LinkId, NodeId, Point, Rect } from "../model/types";
import type { CameraState } from "../model/workflow_write";
import type { Hit } from "../view/canvas/hit_test";
import { pan, toCanvas, zoomAt } from "../view/canvas/camera";
import { crossedLinks, linksThrough } from "../view/canvas/link_path";
import type { Gesture, Linking } from "../view/stage";
import { firstFittingInput, firstFittingOutput } from "./fitting";
import { linkingFrom } from "./linking";
import { anchorOf, duplicateSelection, movedBy, movingOf, type Moving } from "./moving";

export interface PointerInput {
  readonly id: number;
  /** In CSS pixels of the viewport. */
  readonly at: Point;
  readonly button: number;
  readonly shift: boolean;
  /** Ctrl, or Command on a Mac. */
  readonly mod: boolean;
  readonly alt: boolean;
  readonly touch: boolean;
  /** The space bar is held: everything pans. */
  readonly space: boolean;
  /** The event began on a widget, which deals with it itself. */
  readonly onWidget: boolean;
}

/** What the machine acts on. */
export interface Surface {
  readonly document: Document | null;
  readonly camera: CameraState;
  /** What places and sizes are multiples of; 1 where nothing snaps. */
  readonly snap: number;
  /** What Alt makes of it. */
  readonly otherSnap: number;
  setCamera(camera: CameraState): void;
  /** `coarse` for fingers, which reach further. */
  hit(at: Point, linking?: boolean, coarse?: boolean): Hit;
  /** Nodes that touch a rectangle of the canvas. */
  nodesIn(area: Rect): readonly NodeId[];
  raise(ids: Iterable<NodeId>): void;
  keep(id: NodeId, isKept: boolean): void;
  showGesture(gesture: Gesture | null): void;
  showLinking(linking: Linking | null): void;
  /** A link was let go over the void: offer what fits. */
  offerFitting(at: Point, linking: Linking): void;
  offerMenu(at: Point, hit: Hit): void;
  offerNodes(at: Point): void;
  rename(node: NodeId): void;
  renameGroup(group: number): void;
  /** A double click on something of a subgraph: goes inside, or names an input or output. False where it is about neither. */
  open(hit: Hit): boolean;
}

const SLACK = 4;
const SMALLEST: Point = [120, 20];

type Gestures =
  | { readonly kind: "pan"; last: Point; moved: boolean }
  | { readonly kind: "box"; readonly start: Point; readonly before: ReadonlySet<NodeId>; readonly groupsBefore: ReadonlySet<number> }
  | { readonly kind: "cut"; readonly path: Point[]; readonly links: Set<LinkId> }
  | { readonly kind: "press"; readonly start: Point; readonly hit: Hit; readonly toggled: boolean; readonly copies: boolean }
  | { readonly kind: "move"; readonly start: Point; readonly moving: Moving; readonly copies: boolean; insertion: LinkId | null }
  | { readonly kind: "resize"; readonly start: Point; readonly hit: Hit; readonly from: Rect }
  | { readonly kind: "link"; readonly linking: Linking; readonly detach: Link | null; readonly start: Point; moved: boolean }
  | { readonly kind: "pinch"; last: readonly [Point, Point] };

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);
const rectOf = (a: Point, b: Point): Rect => ({ x: Math.min(a[0], b[0]), y: Math.min(a[1], b[1]), width: Math.abs(a[0] - b[0]), height: Math.abs(a[1] - b[1]) });

export class PointerMachine {
  private gesture: Gestures | null = null;
  private readonly touches = new Map<number, Point>();
  private revisionAtStart = 0;

  constructor(private readonly surface: Surface) {}

  get isBusy(): boolean {
    return this.gesture !== null;
  }

  /** Returns true when the machine takes the gesture, so that the page should capture the pointer. */
  down(input: PointerInput): boolean {
    if (!this.surface.document) return false;
    if (input.touch && this.startPinch(input)) return true;
    if (this.gesture) return false;
    if (input.button === 1 || (input.button === 0 && input.space)) return this.start({ kind: "pan", last: input.at, moved: false });
    const hit = this.surface.hit(input.at, false, input.touch);
    if (input.button === 2) {
      this.contextMenu(input, hit);
      return false;
    }
    if (input.button !== 0) return false;
    if (hit.kind === "output" || hit.kind === "input") return this.startLink(input, hit);
    if (input.onWidget) return false;
    return this.startOn(input, hit);
  }

  move(input: PointerInput): void {
    if (this.touches.has(input.id)) this.touches.set(input.id, input.at);
    const { gesture } = this;
    switch (gesture?.kind) {
      case "pan":
        if (!gesture.moved && distance(gesture.last, input.at) < SLACK) return;
        gesture.moved = true;
        this.surface.setCamera(pan(this.surface.camera, input.at[0] - gesture.last[0], input.at[1] - gesture.last[1]));
        gesture.last = input.at;
        return;
      case "box":
        return this.moveBox(gesture, input);
      case "cut":
        return this.moveCut(gesture, input);
      case "press":
        if (distance(gesture.start, input.at) >= SLACK) this.beginMove(gesture, input);
        return;
      case "move":
        return this.moveNodes(gesture, input);
      case "resize":
        return this.resize(gesture, input);
      case "link":
        return this.moveLink(gesture, input);
      case "pinch":
        return this.pinch(gesture);
    }
  }

  up(input: PointerInput): void {
    this.touches.delete(input.id);
    const { gesture } = this;
    this.gesture = null;
    this.surface.showGesture(null);
    switch (gesture?.kind) {
      case "pan":
        if (!gesture.moved && input.button === 0 && !input.space) this.surface.document?.select([]);
        return;
      case "box":
        if (input.touch && distance(gesture.start, input.at) < SLACK) this.surface.document?.select([]); // a tap on the void
        return;
      case "press":
        return this.click(gesture, input);
      case "link":
        return this.dropLink(gesture, input);
      case "cut":
        return this.surface.document!.edit("cut links", [...gesture.links].map((id) => ({ kind: "removeLink", id })));
      case "move":
        return this.dropNodes(gesture);
      case "resize":
        this.surface.document?.endGesture();
    }
  }

  /** A finger was lifted that no gesture is about any more. */
  release(id: number): void {
    this.touches.delete(id);
  }

  /** The gesture ends where it is: Escape, or the browser took the pointer away. */
  cancel(): void {
    const { gesture } = this;
    this.touches.clear();
    this.gesture = null;
    this.surface.showGesture(null);
    this.surface.showLinking(null);
    const { document } = this.surface;
    if (!document) return;
    document.endGesture();
    if (gesture && document.revision.peek() !== this.revisionAtStart) document.undo();
    if (gesture?.kind === "box") document.select(gesture.before, gesture.groupsBefore);
    if (gesture?.kind === "move") for (const id of gesture.moving.places.keys()) this.surface.keep(id, false);
  }

  doubleClick(input: PointerInput): void {
    const hit = this.surface.hit(input.at);
    if (this.surface.open(hit)) return;
    if (hit.kind === "title") this.surface.rename(hit.node);
    else if (hit.kind === "group") this.surface.renameGroup(hit.group);
    else if (hit.kind === "void") this.surface.offerNodes(input.at);
  }

  private start(gesture: Gestures): true {
    if (this.gesture === null) this.revisionAtStart = this.surface.document?.revision.peek() ?? 0;
    this.gesture = gesture;
    return true;
  }

  private contextMenu(input: PointerInput, hit: Hit): void {
    const document = this.surface.document!;
    if ("node" in hit && !document.selection.peek().has(hit.node)) document.select([hit.node]);
    if (hit.kind === "group" && !document.selectedGroups.peek().has(hit.group)) document.selectGroup(hit.group);
    this.surface.offerMenu(input.at, hit);
  }

  private startOn(input: PointerInput, hit: Hit): boolean {
    const document = this.surface.document!;
    if (input.alt && !("node" in hit) && hit.kind !== "group") return this.start({ kind: "cut", path: [toCanvas(this.surface.camera, input.at)], links: new Set() });
    switch (hit.kind) {
      case "title":
      case "body":
      case "corner": {
        const toggled = input.shift || input.mod;
        this.surface.raise([hit.node]);
        if (hit.kind === "corner" && !document.graph.node(hit.node).pinned) return this.start({ kind: "resize", start: input.at, hit, from: document.bounds(hit.node) });
        if (!toggled && !document.selection.peek().has(hit.node)) document.select([hit.node]);
        return this.start({ kind: "press", start: input.at, hit, toggled, copies: input.alt });
      }
      case "groupCorner":
        return this.start({ kind: "resize", start: input.at, hit, from: document.graph.groups.get(hit.group)!.bounds });
      case "link":
      case "group":
        return this.start({ kind: "press", start: input.at, hit, toggled: input.shift || input.mod, copies: input.alt });
      default:
        if (input.shift || input.mod) return this.start({ kind: "box", start: input.at, before: document.selection.peek(), groupsBefore: document.selectedGroups.peek() });
        return this.start({ kind: "pan", last: input.at, moved: false });
    }
  }

  private click(gesture: Extract<Gestures, { kind: "press" }>, input: PointerInput): void {
    const document = this.surface.document!;
    const { hit } = gesture;
    if (hit.kind === "link") return this.surface.offerMenu(input.at, hit);
    if (hit.kind === "group") return document.selectGroup(hit.group, gesture.toggled);
    if (!("node" in hit)) return;
    if (!gesture.toggled) return document.select([hit.node]);
    const selection = new Set(document.selection.peek());
    if (!selection.delete(hit.node)) selection.add(hit.node);
    document.select(selection, document.selectedGroups.peek());
  }

  private beginMove(gesture: Extract<Gestures, { kind: "press" }>, input: PointerInput): void {
    const document = this.surface.document!;
    const { hit } = gesture;
    if (hit.kind === "link") return void this.start({ kind: "pan", last: gesture.start, moved: true });
    if ("node" in hit && !document.selection.peek().has(hit.node)) document.select([hit.node]);
    if (hit.kind === "group" && !document.selectedGroups.peek().has(hit.group)) document.selectGroup(hit.group);
    document.endGesture();
    const copies = gesture.copies && !("node" in hit && isBorder(hit.node));
    if (copies) this.surface.raise(duplicateSelection(document, 0, "move"));
    const moving = movingOf(document, !copies);
    for (const id of moving.places.keys()) this.surface.keep(id, true);
    const move: Gestures = { kind: "move", start: gesture.start, moving, copies, insertion: null };
    this.start(move);
    this.moveNodes(move, input);
  }

  private moveNodes(gesture: Extract<Gestures, { kind: "move" }>, input: PointerInput): void {
    const { scale } = this.surface.camera;
    const [x0, y0] = anchorOf(gesture.moving);
    const snapped = (place: number): number => this.snapped(place, input.alt && !gesture.copies);
    const dx = snapped(x0 + (input.at[0] - gesture.start[0]) / scale) - x0;
    const dy = snapped(y0 + (input.at[1] - gesture.start[1]) / scale) - y0;
    this.surface.document!.edit("move", movedBy(gesture.moving, dx, dy), "move");
    this.showInsertion(gesture);
  }

  /** The nearest place on the grid that things snap to. */
  private snapped(place: number, isOther: boolean): number {
    const step = isOther ? this.surface.otherSnap : this.surface.snap;
    return Math.round(place / step) * step;
  }

  /** A single node without links that lies on a link it fits will be put into it. */
  private showInsertion(gesture: Extract<Gestures, { kind: "move" }>): void {
    const document = this.surface.document!;
    const { places, groups } = gesture.moving;
    const [id] = places.keys();
    if (id === undefined || places.size > 1 || groups.size > 0 || document.graph.linksOf(id).length > 0) return;
    const node = document.graph.node(id);
    gesture.insertion = linksThrough(document, document.bounds(id)).find((link) => insertInto(document.graph, link, node).length > 0) ?? null;
    this.surface.showGesture(gesture.insertion === null ? null : { kind: "insert", link: gesture.insertion });
  }

  private dropNodes(gesture: Extract<Gestures, { kind: "move" }>): void {
    const document = this.surface.document!;
    const [id] = gesture.moving.places.keys();
    if (gesture.insertion !== null && id !== undefined) document.edit("move", insertInto(document.graph, gesture.insertion, document.graph.node(id)), "move");
    for (const moved of gesture.moving.places.keys()) this.surface.keep(moved, false);
    document.endGesture();
  }

  private moveCut(gesture: Extract<Gestures, { kind: "cut" }>, input: PointerInput): void {
    const at = toCanvas(this.surface.camera, input.at);
    for (const id of crossedLinks(this.surface.document!, gesture.path.at(-1)!, at)) gesture.links.add(id);
    gesture.path.push(at);
    this.surface.showGesture({ kind: "cut", path: [...gesture.path], links: [...gesture.links] });
  }

  private resize(gesture: Extract<Gestures, { kind: "resize" }>, input: PointerInput): void {
    const document = this.surface.document!;
    const { scale } = this.surface.camera;
    const dx = (input.at[0] - gesture.start[0]) / scale;
    const dy = (input.at[1] - gesture.start[1]) / scale;
    const width = Math.max(SMALLEST[0], this.snapped(gesture.from.width + dx, input.alt));
    const height = Math.max(SMALLEST[1], this.snapped(gesture.from.height + dy, input.alt));
    const { hit } = gesture;
    if (hit.kind === "groupCorner") document.edit("resize", [{ kind: "groupBounds", id: hit.group, bounds: { ...gesture.from, width, height } }], "resize");
    else if ("node" in hit) {
      const title = document.graph.node(hit.node).pos[1] - gesture.from.y;
      document.edit("resize", [{ kind: "field", id: hit.node, field: "size", value: [width, Math.max(0, height - title)] }], "resize");
    }
  }

  private moveBox(gesture: Extract<Gestures, { kind: "box" }>, input: PointerInput): void {
    const { camera, document } = this.surface;
    const area = rectOf(toCanvas(camera, gesture.start), toCanvas(camera, input.at));
    this.surface.showGesture({ kind: "box", rect: area });
    document!.select([...gesture.before, ...this.surface.nodesIn(area)], [...gesture.groupsBefore, ...groupsWithin(document!.graph, area)]);
  }

  /** From an input that is connected, the link comes off and is dragged from its other end. */
  private startLink(input: PointerInput, hit: Extract<Hit, { kind: "input" | "output" }>): true {
    const document = this.surface.document!;
    const { graph } = document;
    const present = hit.kind === "input" ? graph.linkInto(hit.node, hit.input) : undefined;
    if (present) return this.beginLink(linkingFrom(document, { side: "output", node: present.from, slot: present.fromSlot }), present, input);
    const end: Linking["end"] = hit.kind === "output" ? { side: "output", node: hit.node, slot: hit.slot } : { side: "input", node: hit.node, input: hit.input };
    return this.beginLink(linkingFrom(document, end), null, input);
  }

  private beginLink(linking: Linking, detach: Link | null, input: PointerInput): true {
    this.surface.document!.endGesture();
    return this.start({ kind: "link", linking, detach, start: input.at, moved: false });
  }

  /** Edits that make the link to what lies under the pointer; null over the void, empty where it does not fit. */
  private connection(linking: Linking, at: Point): Edit[] | null {
    const document = this.surface.document!;
    const hit = this.surface.hit(at, true);
    if (hit.kind === "void") return null;
    const { end } = linking;
    if (end.side === "output") {
      const input = hit.kind === "input" ? hit.input : "node" in hit ? firstFittingInput(document, hit.node, linking) : null;
      if (!("node" in hit) || input === null || !mayConnect(document.graph, end, { node: hit.node, input })) return [];
      return connect(document.graph, end, { node: hit.node, input });
    }
    const slot = hit.kind === "output" ? hit.slot : "node" in hit ? firstFittingOutput(document, hit.node, linking) : null;
    if (!("node" in hit) || slot === null || !mayConnect(document.graph, { node: hit.node, slot }, end)) return [];
    return connect(document.graph, { node: hit.node, slot }, end);
  }

  private moveLink(gesture: Extract<Gestures, { kind: "link" }>, input: PointerInput): void {
    if (!gesture.moved) {
      if (distance(gesture.start, input.at) < SLACK) return;
      gesture.moved = true;
      if (gesture.detach !== null) this.surface.document!.edit("disconnect", [{ kind: "removeLink", id: gesture.detach.id }], "link");
      this.surface.showLinking(gesture.linking);
    }
    const edits = this.connection(gesture.linking, input.at);
    const to = toCanvas(this.surface.camera, input.at);
    this.surface.showGesture({ kind: "link", linking: gesture.linking, to, fits: edits === null ? null : edits.length > 0 });
  }

  private dropLink(gesture: Extract<Gestures, { kind: "link" }>, input: PointerInput): void {
    const document = this.surface.document!;
    this.surface.showLinking(null);
    if (!gesture.moved) return;
    const edits = this.connection(gesture.linking, input.at);
    if (edits !== null) document.edit("connect", edits, gesture.detach === null ? null : "link");
    const { detach } = gesture;
    if (detach !== null) document.edit("connect", closeUp(document.graph, detach.to, new Set([detach.toInput])), "link");
    document.endGesture();
    if (edits === null && gesture.detach === null) this.surface.offerFitting(input.at, gesture.linking);
  }

  private startPinch(input: PointerInput): boolean {
    this.touches.set(input.id, input.at);
    if (this.touches.size !== 2) return false;
    if (this.gesture) this.cancelForPinch();
    const [a, b] = [...this.touches.values()];
    return this.start({ kind: "pinch", last: [a!, b!] });
  }

  private cancelForPinch(): void {
    const touches = new Map(this.touches);
    this.cancel();
    for (const [id, at] of touches) this.touches.set(id, at);
  }

  private pinch(gesture: Extract<Gestures, { kind: "pinch" }>): void {
    const [a, b] = [...this.touches.values()];
    if (!a || !b) return;
    const middle = (p: Point, q: Point): Point => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
    const before = middle(...gesture.last);
    const now = middle(a, b);
    const factor = distance(a, b) / Math.max(1, distance(...gesture.last));
    this.surface.setCamera(zoomAt(pan(this.surface.camera, now[0] - before[0], now[1] - before[1]), now, factor));
    gesture.last = [a, b];
  }
}

