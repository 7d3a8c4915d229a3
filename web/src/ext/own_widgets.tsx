/** How does a widget of an extension live in a node? It is mounted into its place, told of changes, and drawn once for far nodes. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "../editor";
import { toJson } from "../model/exact_json";
import type { WidgetPlace } from "../model/geometry";
import { ownKeys, setOwnHeight } from "../model/own_widgets";
import type { GraphNode, Json } from "../model/types";
import { widgetFor, type Widget, type WidgetProps } from "../view/dom/widgets/widget";
import { t } from "../words";
import { ownWidgets, type OwnWidget } from "./contributions";
import { nodeInfo, widgetInfo } from "./infos";
import type { RunningExtension } from "./running";
import type { Mounted, WidgetHandle, WidgetRegistration, WidgetTarget } from "./weft_extension";

const ROW = 32;
const SHORTEST = 24;
const TALLEST = 600;
/** Far nodes are small, so their stand-ins need half of the pixels. */
const SHARPNESS = 0.5;
const MOST_STAND_INS = 500;

const keyOf = (target: WidgetTarget): string => ("type" in target ? `type ${target.type}` : `input ${target.node} ${target.input}`);
const inWords = (target: WidgetTarget): string => ("type" in target ? target.type : t("extensions.inputOf", target));

/** The component that mounts the extension's widget; where that fails, the editor's own widget is there instead. */
function viewOf(extension: RunningExtension, registration: WidgetRegistration): Widget {
  const what = t("extensions.widget", { name: inWords(registration.for) });
  return function OwnWidgetView(props: WidgetProps) {
    const element = useRef<HTMLDivElement>(null);
    const latest = useRef(props);
    latest.current = props;
    const told = useRef<Json>(props.value);
    const mounted = useRef<Mounted>(undefined);
    const [round, setRound] = useState(0);
    const [hasFailed, setFailed] = useState(false);
    useLayoutEffect(() => {
      const place = element.current;
      if (!place) return;
      told.current = latest.current.value;
      const handle = handleOf(latest, told);
      const failed = Symbol();
      const result = extension.guard.call<Mounted | typeof failed>(what, () => registration.mount(place, handle), failed);
      if (result === failed) return setFailed(true);
      mounted.current = result as Mounted;
      return () => {
        const last = mounted.current;
        mounted.current = undefined;
        const unmount = typeof last === "function" ? last : last?.unmount;
        if (unmount) extension.guard.cleanUp(t("extensions.endOf", { what }), unmount);
        place.replaceChildren();
      };
    }, [round]);
    useLayoutEffect(() => {
      if (Object.is(told.current, props.value)) return;
      told.current = props.value;
      const { current } = mounted;
      if (typeof current === "object" && current.update) extension.guard.call(what, () => current.update!(structuredClone(props.value)), undefined);
      else setRound((number) => number + 1);
    }, [props.value]);
    const Fallback = hasFailed ? widgetFor(props.spec.kind) : undefined;
    return Fallback ? <Fallback {...props} /> : <div class="own-widget" key={round} ref={element} data-extension={extension.id} />;
  };
}

/** What the widget gets; it reads what is so now, not what was so when it was mounted. */
function handleOf(latest: { readonly current: WidgetProps }, told: { current: Json }): WidgetHandle {
  return {
    get value() {
      return structuredClone(latest.current.value);
    },
    get node() {
      const { document, node } = latest.current;
      return nodeInfo(document.graph, document.graph.nodes.get(node.id) ?? node);
    },
    get spec() {
      return widgetInfo(latest.current.spec);
    },
    get isLinked() {
      return latest.current.linked;
    },
    set: (value, live) => {
      told.current = structuredClone(value);
      latest.current.set(told.current, live);
    },
    commit: () => latest.current.commit(),
  };
}

interface Kept {
  readonly revision: number;
  readonly isDark: boolean;
  readonly width: number;
  readonly height: number;
  readonly canvas: OffscreenCanvas | null;
}

/** The stand-ins of one registration: drawn in idle time, shared by equal values. */
function standIns(editor: Editor, extension: RunningExtension, { draw, for: target }: WidgetRegistration): OwnWidget["standIn"] {
  if (!draw) return () => null;
  const byNode = new WeakMap<GraphNode, Map<string, Kept>>();
  const byLook = new Map<string, OffscreenCanvas | null>();
  const drawn = (value: Json, width: number, height: number, isDark: boolean): OffscreenCanvas | null => {
    const look = `${width} ${height} ${isDark} ${toJson(value)}`;
    const known = byLook.get(look);
    if (known !== undefined) return known;
    const canvas = new OffscreenCanvas(Math.ceil(width * SHARPNESS), Math.ceil(height * SHARPNESS));
    const context = canvas.getContext("2d")!;
    context.scale(SHARPNESS, SHARPNESS);
    const isDone = extension.guard.call(t("extensions.standIn", { name: inWords(target) }), () => (draw(context, { value: structuredClone(value), width, height, isDark }), true), false, "drawing");
    if (byLook.size >= MOST_STAND_INS) byLook.delete(byLook.keys().next().value!);
    byLook.set(look, isDone ? canvas : null);
    return isDone ? canvas : null;
  };
  return (document, node, { spec, height: tall }: WidgetPlace, width, isDark) => {
    const height = tall - 4;
    const revision = document.nodeRevision(node.id).peek();
    const kept = byNode.get(node) ?? new Map<string, Kept>();
    byNode.set(node, kept);
    const before = kept.get(spec.name);
    if (before && before.revision === revision && before.isDark === isDark && before.width === width && before.height === height) return before.canvas;
    kept.set(spec.name, { revision, isDark, width, height, canvas: before?.canvas ?? null });
    setTimeout(() => {
      if (document.graph.nodes.get(node.id) !== node) return;
      kept.set(spec.name, { revision, isDark, width, height, canvas: drawn(document.graph.value(node, spec), width, height, isDark) });
      editor.stage.request();
    });
    return before?.canvas ?? null;
  };
}

/** Draws all nodes with such a widget again, in whatever workflow. */
function redraw(editor: Editor, key: string): void {
  for (const document of editor.documents.peek()) {
    const { graph } = document;
    document.redraw([...graph.nodes.values()].filter((node) => graph.widgets(node).some((spec) => ownKeys(spec).includes(key))).map((node) => node.id));
  }
}

/** Puts an extension's widget in place of the editor's. Raises where another extension has done so. */
export function registerOwnWidget(editor: Editor, extension: RunningExtension, registration: WidgetRegistration): () => void {
  const { height = ROW } = registration;
  if (!(height >= SHORTEST && height <= TALLEST)) throw new RangeError(`expected a height between ${SHORTEST} and ${TALLEST}, found ${height}`);
  const key = keyOf(registration.for);
  if (ownWidgets.peek().has(key)) throw new Error(`there is a widget of an extension for ${inWords(registration.for)} already`);
  ownWidgets.value = new Map(ownWidgets.peek()).set(key, { view: viewOf(extension, registration), standIn: standIns(editor, extension, registration) });
  setOwnHeight(key, height);
  redraw(editor, key);
  return extension.owns(() => {
    ownWidgets.value = new Map([...ownWidgets.peek()].filter(([other]) => other !== key));
    setOwnHeight(key, null);
    redraw(editor, key);
  });
}
