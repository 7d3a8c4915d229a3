import { beforeEach, describe, expect, it } from "vitest";
import { openDocument } from "../fixtures/definitions";
import { openDynamic } from "../fixtures/dynamic";
import { DEFAULT_WORKFLOW } from "../model/default_workflow";
import { inputPoint, outputPoint } from "../model/geometry";
import { createNode } from "../model/graph";
import type { Document } from "../model/document";
import { connect } from "../model/operations";
import type { NodeId, Point } from "../model/types";
import type { CameraState } from "../model/workflow_write";
import { toCanvas, toScreen } from "../view/canvas/camera";
import { Scene } from "../view/canvas/scene";
import type { Gesture, Linking } from "../view/stage";
import { PointerMachine, type PointerInput, type Surface } from "./pointer";

class TestSurface implements Surface {
  readonly scene: Scene;
  camera: CameraState = { x: 30, y: -20, scale: 0.8 };
  gesture: Gesture | null = null;
  linking: Linking | null = null;
  readonly said: string[] = [];
  snap = 1;
  otherSnap = 10;
  constructor(readonly document: Document) {
    this.scene = new Scene(document, () => undefined);
  }
  setCamera = (camera: CameraState): void => void (this.camera = camera);
  hit = (at: Point, linking = false) => this.scene.hit(toCanvas(this.camera, at), this.camera.scale, linking);
  nodesIn = (area: Parameters<Scene["visible"]>[0]): NodeId[] => this.scene.visible(area);
  raise = (ids: Iterable<NodeId>): void => this.scene.raise(ids);
  keep = (): void => undefined;
  showGesture = (gesture: Gesture | null): void => void (this.gesture = gesture);
  showLinking = (linking: Linking | null): void => void (this.linking = linking);
  offerFitting = (_: Point, linking: Linking): void => void this.said.push(`fitting ${linking.type}`);
  offerMenu = (_: Point, hit: { kind: string }): void => void this.said.push(`menu ${hit.kind}`);
  offerNodes = (): void => void this.said.push("nodes");
  open = (): boolean => false;
  renameGroup = (id: number): void => void this.said.push(`rename group ${id}`);
  rename = (id: NodeId): void => void this.said.push(`rename ${id}`);
}

let surface: TestSurface;
let machine: PointerMachine;
let document: Document;

const input = (at: Point, part: Partial<PointerInput> = {}): PointerInput => ({ id: 1, at, button: 0, shift: false, mod: false, alt: false, touch: false, space: false, onWidget: false, ...part });
const screen = (point: Point): Point => toScreen(surface.camera, point);
const output = (id: NodeId, slot: number): Point => screen(outputPoint(document.graph.node(id), document.layout(id), slot));
const socket = (id: NodeId, name: string): Point => screen(inputPoint(document.graph.node(id), document.layout(id), name));
const title = (id: NodeId): Point => screen([document.graph.node(id).pos[0] + 40, document.graph.node(id).pos[1] - 15]);
const VOID: Point = [40, 700];

function drag(from: Point, to: Point, part: Partial<PointerInput> = {}): void {
  machine.down(input(from, part));
  machine.move(input([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], part));
  machine.move(input(to, part));
  machine.up(input(to, part));
}

beforeEach(() => {
  document = openDocument();
  surface = new TestSurface(document);
  machine = new PointerMachine(surface);
});

describe("the pointer", () => {
  it("pans over the void and leaves the graph alone", () => {
    drag(VOID, [140, 650]);
    expect(surface.camera).toMatchObject({ x: 130, y: -70 });
    expect(document.history.canUndo).toBe(false);
  });

  it("selects, toggles and clears", () => {
    for (const [id, shift] of [["5", false], ["2", true], ["5", true]] as const) {
      machine.down(input(title(id), { shift }));
      machine.up(input(title(id), { shift }));
    }
    expect([...document.selection.value]).toEqual(["2"]);
    machine.down(input(VOID));
    machine.up(input(VOID));
    expect(document.selection.value.size).toBe(0);
  });

  it("moves the whole selection as one step", () => {
    document.select(["5", "6"]);
    const from = title("5");
    drag(from, [from[0] + 80, from[1] + 40]);
    expect(document.graph.node("5").pos).toEqual([804, 84]);
    expect(document.graph.node("6").pos).toEqual([1162, 84]);
    document.undo();
    expect(document.graph.node("6").pos).toEqual([1062, 34]);
    expect(document.history.canUndo).toBe(false);
  });

  it("selects with a box", () => {
    drag(screen([300, -20]), screen([660, 390]), { shift: true });
    expect([...document.selection.value].sort()).toEqual(["2", "3"]);
    expect(surface.gesture).toBeNull();
  });

  it("connects what fits and nothing else", () => {
    document.edit("t", [{ kind: "removeLink", id: 5 }]);
    drag(output("1", 0), socket("5", "positive"));
    expect(document.graph.linkInto("5", "positive")).toBeUndefined();
    drag(output("2", 0), socket("5", "positive"));
    expect(document.graph.linkInto("5", "positive")?.from).toBe("2");
  });

  it("tells while dragging whether it fits", () => {
    machine.down(input(output("2", 0)));
    machine.move(input(socket("5", "negative")));
    expect(surface.gesture).toMatchObject({ kind: "link", fits: true });
    machine.move(input(socket("5", "model")));
    expect(surface.gesture).toMatchObject({ kind: "link", fits: false });
    machine.move(input(VOID));
    expect(surface.gesture).toMatchObject({ kind: "link", fits: null });
    machine.up(input(VOID));
    expect(surface.said).toEqual(["fitting CONDITIONING"]);
  });

  it("connects from an input backwards, and to a node rather than a socket", () => {
    document.edit("t", [{ kind: "removeLink", id: 8 }, { kind: "removeLink", id: 9 }]);
    drag(socket("6", "samples"), output("5", 0));
    expect(document.graph.linkInto("6", "samples")?.from).toBe("5");
    drag(output("6", 0), title("7"));
    expect(document.graph.linkInto("7", "images")?.from).toBe("6");
  });

  it("moves a connected link to another input as one step, or lets it go in the void", () => {
    drag(socket("5", "positive"), socket("5", "negative"));
    expect(document.graph.linkInto("5", "positive")).toBeUndefined();
    expect(document.graph.linkInto("5", "negative")?.from).toBe("2");
    document.undo();
    expect(document.graph.linkInto("5", "positive")?.from).toBe("2");
    expect(document.graph.linkInto("5", "negative")?.from).toBe("3");
    drag(socket("5", "positive"), VOID);
    expect(document.graph.linkInto("5", "positive")).toBeUndefined();
    expect(surface.said).toEqual([]);
  });

  it("closes a list of inputs up once a link from its middle is let go elsewhere, and not while it is dragged", () => {
    document = openDynamic(DEFAULT_WORKFLOW);
    surface = new TestSurface(document);
    machine = new PointerMachine(surface);
    const node = createNode(document.graph, "BatchImages", [100, 900]);
    node.size = [220, 120];
    document.edit("add node", [{ kind: "addNode", node }]);
    for (const name of ["images.image0", "images.image1", "images.image2"]) document.edit("connect", connect(document.graph, { node: "6", slot: 0 }, { node: node.id, input: name }));
    const linked = (): boolean[] => node.inputs.filter(({ name }) => name.startsWith("images.")).map(({ link }) => link !== null);
    const middle = socket(node.id, "images.image1");
    drag(middle, middle);
    machine.down(input(middle));
    machine.move(input([middle[0] - 60, middle[1]]));
    expect(linked()).toEqual([true, false, true, false]);
    machine.move(input(middle));
    machine.up(input(middle));
    expect(linked()).toEqual([true, true, true, false]);
    drag(middle, VOID);
    expect(linked()).toEqual([true, true, false]);
    document.undo();
    expect(linked()).toEqual([true, true, true, false]);
  });

  it("leaves a connected link alone when its socket is only clicked", () => {
    machine.down(input(socket("5", "positive")));
    machine.up(input(socket("5", "positive")));
    expect(document.graph.linkInto("5", "positive")?.from).toBe("2");
    expect(document.history.canUndo).toBe(false);
  });

  it("takes everything back when the gesture is cancelled", () => {
    const from = title("5");
    machine.down(input(from));
    machine.move(input([from[0] + 50, from[1]]));
    machine.cancel();
    expect(document.graph.node("5").pos).toEqual([704, 34]);
    expect(machine.isBusy).toBe(false);
  });

  it("leaves widgets to themselves, but not the sockets beside them", () => {
    expect(machine.down(input(screen([800, 300]), { onWidget: true }))).toBe(false);
    expect(machine.down(input(socket("5", "steps"), { onWidget: true }))).toBe(true);
  });

  it("cuts the links that a stroke crosses, as one step", () => {
    const [x, top] = socket("5", "positive");
    const bottom = socket("5", "negative")[1];
    drag([x - 20, top - 40], [x - 20, bottom + 60], { alt: true });
    expect(document.graph.linkInto("5", "positive")).toBeUndefined();
    expect(document.graph.linkInto("5", "negative")).toBeUndefined();
    expect(document.graph.linkInto("6", "samples")?.from).toBe("5");
    document.undo();
    expect(document.graph.linkInto("5", "positive")?.from).toBe("2");
    expect(document.graph.linkInto("5", "negative")?.from).toBe("3");
  });

  it("puts a free node into the link that it is dropped on, and undo moves it back", () => {
    const node = createNode(document.graph, "Reroute", [0, 900]);
    node.size = [76, 28];
    document.edit("add node", [{ kind: "addNode", node }]);
    const [x, y] = socket("6", "samples");
    const grip = screen([38, 914]);
    drag(grip, [x - 20, y]);
    expect(document.graph.linkInto("6", "samples")?.from).toBe(node.id);
    expect(document.graph.linkInto(node.id, "")?.from).toBe("5");
    document.undo();
    expect(document.graph.linkInto("6", "samples")?.from).toBe("5");
    expect(document.graph.node(node.id).pos).toEqual([0, 900]);
  });

  describe("with a group", () => {
    const grip = (): Point => {
      const { x, y } = document.graph.groups.get(1)!.bounds;
      return screen([x + 60, y + 15]);
    };
    beforeEach(() => {
      const { x, y, width, height } = document.bounds("5");
      document.edit("group", [{ kind: "addGroup", group: { id: 1, title: "G", bounds: { x: x - 20, y: y - 50, width: width + 40, height: height + 70 }, color: null, raw: {} } }]);
    });

    it("selects it by a click on its title, carries its nodes, and goes along with a node that is dragged", () => {
      machine.down(input(grip()));
      machine.up(input(grip()));
      expect([[...document.selection.value], [...document.selectedGroups.value]]).toEqual([["5"], [1]]);
      const { x } = document.graph.groups.get(1)!.bounds;
      machine.doubleClick(input(grip()));
      expect(surface.said).toEqual(["rename group 1"]);
      drag(grip(), [grip()[0] + 80, grip()[1]]);
      expect([document.graph.groups.get(1)!.bounds.x, document.graph.node("5").pos[0]]).toEqual([x + 100, 804]);
      document.select(["2"], [1]);
      drag(title("2"), [title("2")[0] - 80, title("2")[1]]);
      expect([document.graph.groups.get(1)!.bounds.x, document.graph.node("5").pos[0]]).toEqual([x, 704]);
      document.undo();
      expect([document.graph.groups.get(1)!.bounds.x, document.graph.node("5").pos[0]]).toEqual([x + 100, 804]);
    });

    it("selects it by a box that holds it whole", () => {
      const { x, y, width, height } = document.graph.groups.get(1)!.bounds;
      drag(screen([x - 20, y - 20]), screen([x + width - 10, y + height + 10]), { shift: true });
      expect(document.selectedGroups.value.size).toBe(0);
      drag(screen([x - 20, y - 20]), screen([x + width + 10, y + height + 10]), { shift: true });
      expect([...document.selectedGroups.value]).toEqual([1]);
      drag(VOID, [140, 650]);
      machine.down(input(VOID));
      machine.up(input(VOID));
      expect(document.hasSelection).toBe(false);
    });

    it("drags a copy with Alt as one step, the links from outside with it", () => {
      const from = grip();
      drag(from, [from[0] + 400, from[1] + 80], { alt: true });
      const [copy] = [...document.selection.value];
      expect(document.graph.groups.size).toBe(2);
      expect(document.graph.node("5").pos).toEqual([704, 34]);
      expect(document.graph.node(copy!).pos).toEqual([704 + 500, 34 + 100]);
      expect(document.graph.linkInto(copy!, "positive")?.from).toBe("2");
      document.undo();
      expect([document.graph.groups.size, document.graph.nodes.has(copy!)]).toEqual([1, false]);
      drag(title("4"), [title("4")[0] + 80, title("4")[1]], { alt: true });
      expect([...document.graph.nodes.values()].filter((node) => node.type === "EmptyLatentImage")).toHaveLength(2);
    });
  });

  it("resizes by the corner", () => {
    const bounds = document.bounds("4");
    const corner = screen([bounds.x + bounds.width - 4, bounds.y + bounds.height - 4]);
    drag(corner, [corner[0] + 40, corner[1] + 16]);
    expect(document.layout("4").width).toBe(bounds.width + 50);
  });

  it("opens menus, the search and the renaming", () => {
    machine.down(input(title("5"), { button: 2 }));
    machine.doubleClick(input(VOID));
    machine.doubleClick(input(title("5")));
    expect(surface.said).toEqual(["menu title", "nodes", "rename 5"]);
    expect([...document.selection.value]).toEqual(["5"]);
  });

  it("zooms with two fingers", () => {
    machine.down(input([300, 700], { touch: true, id: 1 }));
    machine.down(input([400, 700], { touch: true, id: 2 }));
    machine.move(input([500, 700], { touch: true, id: 2 }));
    expect(surface.camera.scale).toBeCloseTo(1.6);
  });
});
