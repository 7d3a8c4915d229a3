/** What is on the screen now? The active document, its scene, the nodes in the page, and what a gesture shows. */

import { batch, effect, signal, untracked, type Signal } from "@preact/signals";
import { viewUrl } from "../api/http";
import { ownWidget, ownWidgets } from "../ext/contributions";
import type { Document } from "../model/document";
import { union, type WidgetPlace } from "../model/geometry";
import type { InputEnd, OutputEnd } from "../model/operations";
import type { GraphNode, LinkId, NodeId, Point, Rect } from "../model/types";
import type { CameraState } from "../model/workflow_write";
import { firstLook, fit, toCanvas, visibleArea, type Insets } from "./canvas/camera";
import type { Hit } from "./canvas/hit_test";
import { paint } from "./canvas/painter";
import { Scene } from "./canvas/scene";
import { Thumbnails } from "./canvas/thumbnails";
import { readTheme, type Theme } from "./theme";

/** Below this scale text can't be read, so no node is in the page. */
export const READABLE = 0.42;
/** More nodes than this in view are drawn on the canvas. */
const MOST_MOUNTED = 90;
/** New nodes that enter the page in one frame, at rest and while panning (none while zooming); the rest is painted until its turn. */
const FIRST_MOUNTS = 40;
const MOUNTS_PER_FRAME = 8;
const MOUNTS_IN_MOTION = 2;
/** After this long without a move the camera is at rest. */
const REST_MS = 160;

/** A link that is being dragged, from the end that stays. */
export interface Linking {
  readonly end: ({ readonly side: "output" } & OutputEnd) | ({ readonly side: "input" } & InputEnd);
  readonly type: string;
  readonly from: Point;
}
export type Gesture =
  | { readonly kind: "box"; readonly rect: Rect }
  /** A stroke in canvas units, and the links that it has crossed. */
  | { readonly kind: "cut"; readonly path: readonly Point[]; readonly links: readonly LinkId[] }
  /** The dragged node would be put into this link. */
  | { readonly kind: "insert"; readonly link: LinkId }
  | { readonly kind: "link"; readonly linking: Linking; readonly to: Point; readonly fits: boolean | null };

/** Counts for tests and for whoever looks for slowness. */
export interface Stats {
  draws: number;
  mounted: number;
  inView: number;
  mostMounted: number;
  frameMs: number[];
}

const areaOf = (scene: Scene): Rect | null => union([...scene.grid.rects(), ...[...scene.document.graph.groups.values()].map((group) => group.bounds)]);

export class Stage {
  readonly mounted: Signal<readonly NodeId[]> = signal([]);
  readonly gesture: Signal<Gesture | null> = signal(null);
  readonly linking: Signal<Linking | null> = signal(null);
  /** What panels cover of the canvas. */
  insets: Insets = { top: 52, bottom: 44, right: 0 };
  readonly stats: Stats = { draws: 0, mounted: 0, inView: 0, mostMounted: 0, frameMs: [] };
  theme: Theme = readTheme();
  /** The background has its dots. */
  showsDots = true;
  scene: Scene | null = null;
  width = 0;
  height = 0;

  private context: CanvasRenderingContext2D | null = null;
  private layer: HTMLElement | null = null;
  private requested = false;
  private stopFollowing: (() => void) | null = null;
  private readonly thumbnails = new Thumbnails(() => this.request());
  private readonly kept = new Set<NodeId>();
  private placed: CameraState | null = null;
  private isZooming = false;
  private restTimer: ReturnType<typeof setTimeout> | undefined;

  attach(canvas: HTMLCanvasElement, layer: HTMLElement): void {
    this.context = canvas.getContext("2d", { alpha: false });
    this.layer = layer;
    this.resize(canvas);
  }

  /** After the page's colours changed. */
  readColors(): void {
    this.theme = readTheme();
    this.request();
  }

  resize(canvas: HTMLCanvasElement): void {
    const { clientWidth, clientHeight } = canvas;
    canvas.width = Math.round(clientWidth * devicePixelRatio);
    canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.width = clientWidth;
    this.height = clientHeight;
    const document = this.scene?.document;
    if (document && !document.isPlaced) this.showFirst();
    this.theme = readTheme();
    this.request();
  }

  show(document: Document): void {
    if (this.scene?.document === document) return;
    this.stopFollowing?.();
    const stopPath = effect(() => {
      void document.path.value;
      untracked(() => this.showLevel(document));
    });
    const stop = this.follow(document);
    this.stopFollowing = () => {
      stopPath();
      stop();
    };
  }

  /** Shows the graph that the document is at: the workflow, or the subgraph that was entered. */
  private showLevel(document: Document): void {
    this.scene?.dispose();
    this.kept.clear();
    this.mounted.value = [];
    this.scene = new Scene(document, () => this.request());
    if (!document.isPlaced) this.showFirst();
    this.request();
  }

  get document(): Document | null {
    return this.scene?.document ?? null;
  }

  get camera(): CameraState {
    return this.scene?.document.camera.peek() ?? { x: 0, y: 0, scale: 1 };
  }

  setCamera(camera: CameraState): void {
    const document = this.scene?.document;
    if (!document) return;
    document.isPlaced = true;
    document.camera.value = camera;
  }

  /** Shows the given nodes, or all. */
  fit(ids?: Iterable<NodeId>): void {
    const scene = this.scene;
    if (!scene || this.width === 0) return;
    if (ids) this.fitArea(union([...ids].map((id) => scene.grid.rect(id)).filter((rect) => rect !== undefined)));
    else this.fitArea(areaOf(scene));
  }

  private showFirst(): void {
    const area = this.scene && areaOf(this.scene);
    if (area && this.width > 0) this.setCamera(firstLook(area, this.width, this.height, this.insets));
  }

  fitArea(area: Rect | null): void {
    if (area && this.width > 0) this.setCamera(fit(area, this.width, this.height, this.insets));
  }

  canvasPoint(screen: Point): Point {
    return toCanvas(this.camera, screen);
  }

  hit(screen: Point, linking = false, coarse = false): Hit {
    return this.scene?.hit(this.canvasPoint(screen), this.camera.scale, linking, coarse) ?? { kind: "void" };
  }

  /** Keeps a node in the page (the focused, the dragged) even when it leaves the view. */
  keep(id: NodeId, isKept: boolean): void {
    if (isKept) this.kept.add(id);
    else this.kept.delete(id);
  }

  raise(ids: Iterable<NodeId>): void {
    this.scene?.raise(ids);
    this.request();
  }

  /** Asks for one frame; many requests before it are one. */
  request(): void {
    if (this.requested) return;
    this.requested = true;
    requestAnimationFrame(() => {
      this.requested = false;
      this.draw();
    });
  }

  /** Draws again when the camera or the selection changes, or the run state of a node that is painted. */
  private follow(document: Document): () => void {
    const stopCamera = effect(() => {
      void document.camera.value;
      void document.selection.value;
      void document.selectedGroups.value;
      this.request();
    });
    const stopRuns = effect(() => {
      const shown = new Set(this.mounted.value);
      void document.revision.value;
      for (const id of document.graph.nodes.keys()) if (!shown.has(id)) void document.run(document.key(id)).value;
      this.request();
    });
    return () => {
      stopCamera();
      stopRuns();
    };
  }

  private draw(): void {
    const { scene, context } = this;
    if (!scene || !context || this.width === 0) return;
    const start = performance.now();
    const { document } = scene;
    const camera = document.camera.peek();
    const area = visibleArea(camera, this.width, this.height);
    const visible = scene.visible(area);
    const mounted = this.mount(visible, camera.scale);
    const shown = new Set(mounted);
    this.place(camera);
    paint({
      context, width: this.width, height: this.height, pixelRatio: devicePixelRatio, camera, theme: this.theme, document, area, dots: this.showsDots,
      far: visible.filter((id) => !shown.has(id)), picture: (id) => this.picture(id), standIn: (node, place) => this.standIn(node, place),
    });
    this.count(mounted.length, visible.length, performance.now() - start);
  }

  /** While the camera moves, the nodes are kept as one picture that the compositor shifts; at rest they are drawn sharp. */
  private place(camera: CameraState): void {
    if (!this.layer || camera === this.placed) return;
    if (this.placed && this.placed.scale !== camera.scale) this.isZooming = true;
    this.placed = camera;
    const { style } = this.layer;
    style.transform = `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`;
    style.willChange = "transform";
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => {
      style.willChange = "";
      this.isZooming = false;
      this.restTimer = undefined;
      this.request();
    }, REST_MS);
  }

  private get isMoving(): boolean {
    return this.restTimer !== undefined;
  }

  /** Decides which nodes are in the page; asks for another frame while some wait for their turn. */
  private mount(visible: readonly NodeId[], scale: number): readonly NodeId[] {
    const before = this.mounted.peek();
    const nodes = this.scene!.document.graph.nodes;
    const wanted = new Set(scale >= READABLE && visible.length <= MOST_MOUNTED ? visible : []);
    for (const id of this.kept) if (nodes.has(id)) wanted.add(id);
    const next = before.filter((id) => wanted.has(id));
    const missing = [...wanted].filter((id) => !before.includes(id));
    const share = this.isZooming ? 0 : this.isMoving ? MOUNTS_IN_MOTION : before.length === 0 ? FIRST_MOUNTS : MOUNTS_PER_FRAME;
    next.push(...missing.slice(0, share));
    if (next.length !== before.length || next.some((id, index) => id !== before[index])) batch(() => (this.mounted.value = next));
    if (next.length < wanted.size && !this.isZooming) this.request();
    return next;
  }

  private picture(id: NodeId): ImageBitmap | null {
    const run = this.scene!.document.run(this.scene!.document.key(id)).peek();
    const [image] = run.images;
    if (image) return this.thumbnails.get(viewUrl(image, true));
    return null;
  }

  private standIn(node: GraphNode, place: WidgetPlace): CanvasImageSource | null {
    if (ownWidgets.peek().size === 0) return null;
    const { document } = this.scene!;
    return ownWidget(place.spec)?.standIn(document, node, place, document.layout(node.id).width - 24, this.theme.dark) ?? null;
  }

  private count(mounted: number, inView: number, ms: number): void {
    const { stats } = this;
    stats.draws += 1;
    stats.mounted = mounted;
    stats.inView = inView;
    stats.mostMounted = Math.max(stats.mostMounted, mounted);
    stats.frameMs.push(ms);
    if (stats.frameMs.length > 600) stats.frameMs.shift();
  }
}
