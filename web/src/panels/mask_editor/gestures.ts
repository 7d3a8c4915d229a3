/** What does the pointer do on a picture? One finger, pen or button paints; two fingers, the middle button or Space move it. */

import type { Area, Mask } from "../../model/mask/mask";
import { fillFrom, fillPolygon } from "../../model/mask/shapes";
import { Stroke, type Touch } from "../../model/mask/stroke";
import type { Point } from "../../model/types";

export type Tool = "brush" | "eraser" | "fill" | "polygon";

export interface Tools {
  readonly tool: Tool;
  /** Pixels of the picture. */
  readonly size: number;
  readonly hardness: number;
  readonly opacity: number;
  /** A pen's pressure changes the size. */
  readonly usesPressure: boolean;
}
/** Where the picture lies: screen = picture * scale + (x, y). */
export interface Place {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}
export interface Board {
  readonly mask: Mask;
  readonly tools: () => Tools;
  readonly place: () => Place;
  setPlace(place: Place): void;
  changed(area: Area | null): void;
  /** Corners of the polygon that is being drawn. */
  setPolygon(points: readonly Point[]): void;
}
/** A pointer event as the board needs it; `at` in pixels of the board. */
export interface Input {
  readonly id: number;
  readonly at: Point;
  readonly button: number;
  readonly buttons: number;
  readonly kind: string;
  readonly pressure: number;
  /** Space is held. */
  readonly moves: boolean;
}

const SMALLEST = 0.02;
const LARGEST = 40;
const CLOSES_WITHIN = 12;
const PEN_ERASER = 32;
const SECONDARY = 2;

export function zoomPlace(place: Place, at: Point, factor: number): Place {
  const scale = Math.min(LARGEST, Math.max(SMALLEST, place.scale * factor));
  const by = scale / place.scale;
  return { scale, x: at[0] - (at[0] - place.x) * by, y: at[1] - (at[1] - place.y) * by };
}

/** All of a picture in the middle of a board; small pictures are made larger, by whole numbers. */
export function fitPlace(width: number, height: number, board: { width: number; height: number }, margin = 24): Place {
  const wanted = Math.min((board.width - 2 * margin) / width, (board.height - 2 * margin) / height);
  const scale = Math.max(SMALLEST, wanted > 1 ? Math.floor(wanted) : wanted);
  return { scale, x: (board.width - width * scale) / 2, y: (board.height - height * scale) / 2 };
}

const middle = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

export class MaskGestures {
  private stroke: Stroke | null = null;
  private panning: Point | null = null;
  private polygon: Point[] = [];
  private readonly fingers = new Map<number, Point>();

  constructor(private readonly board: Board) {}

  get polygonIsOpen(): boolean {
    return this.polygon.length > 0;
  }

  /** A point of the board on the picture. */
  private onPicture([x, y]: Point): Point {
    const place = this.board.place();
    return [(x - place.x) / place.scale, (y - place.y) / place.scale];
  }

  private touch(input: Input): Touch {
    const [x, y] = this.onPicture(input.at);
    return { x, y, pressure: this.board.tools().usesPressure && input.kind === "pen" && input.pressure > 0 ? input.pressure : 1 };
  }

  private erases(input: Input): boolean {
    return this.board.tools().tool === "eraser" || (input.buttons & (PEN_ERASER | SECONDARY)) !== 0;
  }

  down(input: Input): void {
    if (input.kind === "touch") {
      this.fingers.set(input.id, input.at);
      if (this.fingers.size > 1) return this.drop();
    }
    if (input.button === 1 || input.moves) {
      this.panning = input.at;
      return;
    }
    const { tool, size, hardness, opacity } = this.board.tools();
    if (tool === "fill") return this.board.changed(fillFrom(this.board.mask, ...(this.onPicture(input.at).map(Math.floor) as [number, number]), this.erases(input)));
    if (tool === "polygon") return this.addCorner(input);
    this.stroke = new Stroke(this.board.mask, { size, hardness, opacity, erases: this.erases(input) });
    this.board.changed(this.stroke.to(this.touch(input)));
  }

  /** `steps` are the points since the last call, which a screen joins into one event. */
  move(input: Input, steps: readonly Input[]): void {
    if (this.fingers.size > 1 && this.fingers.has(input.id)) return this.pinch(input);
    if (this.panning) {
      const place = this.board.place();
      this.board.setPlace({ ...place, x: place.x + input.at[0] - this.panning[0], y: place.y + input.at[1] - this.panning[1] });
      this.panning = input.at;
    } else if (this.stroke) for (const step of steps.length > 0 ? steps : [input]) this.board.changed(this.stroke.to(this.touch(step)));
    else if (this.polygonIsOpen) this.board.setPolygon([...this.polygon, this.onPicture(input.at)]);
  }

  up(input: Input): void {
    this.fingers.delete(input.id);
    this.panning = null;
    this.stroke?.end();
    this.stroke = null;
    this.board.changed(null);
  }

  /** Ends what is not finished, as if it had not begun. */
  drop(): void {
    this.board.changed(this.stroke?.cancel() ?? null);
    this.stroke = this.panning = null;
    this.polygon = [];
    this.board.setPolygon([]);
  }

  /** Fills the polygon that is being drawn. */
  close(erases = false): void {
    this.board.changed(fillPolygon(this.board.mask, this.polygon, this.board.tools().opacity, erases));
    this.polygon = [];
    this.board.setPolygon([]);
  }

  private addCorner(input: Input): void {
    const at = this.onPicture(input.at);
    const [first] = this.polygon;
    if (first && this.polygon.length > 2 && distance(first, at) * this.board.place().scale < CLOSES_WITHIN) return this.close(this.erases(input));
    this.polygon = [...this.polygon, at];
    this.board.setPolygon(this.polygon);
  }

  private pinch(input: Input): void {
    const [id] = [...this.fingers.keys()].filter((other) => other !== input.id);
    const still = this.fingers.get(id!)!;
    const before = this.fingers.get(input.id)!;
    this.fingers.set(input.id, input.at);
    const [from, to] = [middle(still, before), middle(still, input.at)];
    const zoomed = zoomPlace(this.board.place(), from, distance(still, input.at) / Math.max(1, distance(still, before)));
    this.board.setPlace({ ...zoomed, x: zoomed.x + to[0] - from[0], y: zoomed.y + to[1] - from[1] });
  }
}
