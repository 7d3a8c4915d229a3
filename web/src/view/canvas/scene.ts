/** Which nodes of a document are in view, and in what order do they lie? Kept up to date with the document's edits. */

import type { Document } from "../../model/document";
import type { NodeId, Point, Rect } from "../../model/types";
import { hitTest, type Hit } from "./hit_test";
import { SpatialGrid } from "./spatial_grid";

export class Scene {
  readonly grid = new SpatialGrid();
  private readonly raised = new Map<NodeId, number>();
  private height = 0;
  private readonly stop: () => void;

  constructor(readonly document: Document, onChange: (ids: ReadonlySet<NodeId>) => void) {
    for (const id of document.graph.nodes.keys()) this.grid.set(id, document.bounds(id));
    this.stop = document.onChange((ids) => {
      for (const id of ids) this.update(id);
      onChange(ids);
    });
  }

  dispose(): void {
    this.stop();
  }

  /** How high a node lies: the last one that was touched is on top. */
  order(id: NodeId): number {
    return this.raised.get(id) ?? 0;
  }

  raise(ids: Iterable<NodeId>): void {
    this.height += 1;
    for (const id of ids) this.raised.set(id, this.height);
  }

  /** Nodes that touch `area`, lowest first. */
  visible(area: Rect): NodeId[] {
    const { nodes } = this.document.graph;
    return [...this.grid.query(area)].sort((a, b) => this.order(a) - this.order(b) || nodes.get(a)!.rank - nodes.get(b)!.rank);
  }

  /** What lies at a point of the canvas. */
  hit(point: Point, scale: number, linking = false, coarse = false): Hit {
    const reach = coarse ? 46 : 26;
    const near = this.visible({ x: point[0] - reach, y: point[1] - reach, width: 2 * reach, height: 2 * reach }).reverse();
    return hitTest(this.document, near, point, { scale, linking, coarse });
  }

  private update(id: NodeId): void {
    if (this.document.graph.nodes.has(id)) this.grid.set(id, this.document.bounds(id));
    else this.grid.remove(id);
  }
}
