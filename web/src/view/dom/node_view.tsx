/** What does a node look like at reading size? Title, sockets, widgets, picture, errors. */

import { memo } from "./memo";
import { useComputed } from "@preact/signals";
import type { Editor } from "../../editor";
import { formPin, showsForm } from "../../forms/shown";
import type { Document } from "../../model/document";
import type { NodeLayout, WidgetPlace } from "../../model/geometry";
import { aboutType, inputWords, inWords, outputWords } from "../../model/node_words";
import { typeLabel } from "../../model/sockets";
import type { NodeError } from "../../model/run_state";
import { NodeMode, type GraphNode, type InputSocket, type NodeId, type OutputSocket } from "../../model/types";
import { offerEnds } from "../../interaction/connecting";
import { mayConnect, type InputEnd, type OutputEnd } from "../../model/operations";
import { NEW_PORT } from "../../model/ports";
import { isLinked, valueEdit } from "../../model/promoted";
import { isBorder } from "../../model/subgraph_type";
import { enterNode } from "../../interaction/subgraphs";
import { describeNode } from "../../model/walking";
import { troubledPackOf, troubleLine } from "../../model/packs";
import { socketShape } from "../socket_shapes";
import { titleTint, typeHue } from "../theme";
import type { Linking } from "../stage";
import { EnterIcon, PinIcon } from "../icons";
import { ownWidget } from "../../ext/contributions";
import { t } from "../../words";
import { Media } from "./media";
import { spoken, widgetFor } from "./widgets/widget";

interface NodeProps {
  readonly editor: Editor;
  readonly document: Document;
  readonly id: NodeId;
}

const socketLook = (type: string): { class: string; style: Record<string, string> } => {
  const hue = typeHue(type);
  const shape = `var(--shape-${socketShape(type)})`;
  return hue === null ? { class: "dot any", style: { "--shape": shape } } : { class: "dot", style: { "--hue": String(hue), "--shape": shape } };
};

/** A socket under the keyboard: Enter offers what it may be linked to. A pointer drags from it instead. */
const socketButton = (editor: Editor, end: OutputEnd | InputEnd) => ({
  role: "button", tabIndex: 0,
  onKeyDown: (event: KeyboardEvent) => {
    if ((event.key !== "Enter" && event.key !== " ") || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    offerEnds(editor, end);
  },
  onClick: (event: MouseEvent) => { if (event.detail === 0) offerEnds(editor, end); }, // from a screen reader, not from a pointer
} as const);

/** Whether a socket may take the link that is being dragged; null when none is, or for the end that stays. */
function fitness(document: Document, linking: Linking | null, node: NodeId, socket: { input: string } | { slot: number }): boolean | null {
  if (!linking || linking.end.node === node) return null;
  if (linking.end.side === "output") return "input" in socket ? mayConnect(document.graph, linking.end, { node, input: socket.input }) : null;
  return "slot" in socket ? mayConnect(document.graph, { node, slot: socket.slot }, linking.end) : null;
}

const fitClass = (fits: boolean | null): string => (fits === null ? "" : fits ? " fits" : " fits-not");

/**
 * Parts of a node get the node's revision: nodes change in place, and a component that reads signals is drawn again only when
 * a signal or a prop is another one.
 */
interface PartProps {
  readonly editor: Editor;
  readonly document: Document;
  readonly node: GraphNode;
  readonly revision: number;
}

function InputView({ editor, document, node, socket, y }: PartProps & { socket: InputSocket; y: number }) {
  const fits = useComputed(() => fitness(document, editor.stage.linking.value, node.id, { input: socket.name }));
  const dot = socketLook(socket.type);
  const link = document.graph.linkInto(node.id, socket.name);
  const source = link && document.graph.nodes.get(link.from);
  const state = source ? t("node.connectedTo", { title: document.graph.title(source) }) : t("node.notConnected");
  const words = inputWords(node.type, socket.name);
  const name = words.name ?? socket.label ?? (socket.name || typeLabel(socket.type));
  return (
    <div class={`socket in${socket.widget ? " on-widget" : ""}${link ? " linked" : ""}${fitClass(fits.value)}`} style={{ top: `${y}px` }}
      {...socketButton(editor, { node: node.id, input: socket.name })} aria-label={t("node.input", { name: spoken(name), type: typeLabel(socket.type), state })} title={words.tooltip ?? socket.tooltip ?? typeLabel(socket.type)}>
      <span {...dot} data-optional={socket.optional && !socket.widget ? "" : undefined} />
      {!socket.widget && node.type !== "Reroute" && <span class="socket-name">{spoken(name)}</span>}
    </div>
  );
}

function OutputView({ editor, document, node, socket, slot, y }: PartProps & { socket: OutputSocket; slot: number; y: number }) {
  const fits = useComputed(() => fitness(document, editor.stage.linking.value, node.id, { slot }));
  const words = outputWords(node.type, slot);
  const name = words.name ?? socket.label ?? (socket.name || typeLabel(socket.type));
  return (
    <div class={`socket out${socket.links.length > 0 ? " linked" : ""}${fitClass(fits.value)}`} style={{ top: `${y}px` }} {...socketButton(editor, { node: node.id, slot })}
      aria-label={t("node.output", { name: spoken(name), type: typeLabel(socket.type), n: socket.links.length })} title={words.tooltip ?? socket.tooltip ?? typeLabel(socket.type)}>
      {node.type !== "Reroute" && <span class="socket-name">{spoken(name)}</span>}
      <span {...socketLook(socket.type)} />
    </div>
  );
}

function WidgetView({ editor, document, node, place }: PartProps & { place: WidgetPlace }) {
  const { y, height } = place;
  const spec = inWords(place.spec);
  const Component = ownWidget(spec)?.view ?? widgetFor(spec.kind);
  if (!Component) return null;
  const linked = isLinked(document.graph, node, spec);
  const key = `value ${node.id} ${spec.name}`;
  const Pin = showsForm.value ? formPin.value : null;
  return (
    <div class={`widget${linked ? " is-linked" : ""}`} data-widget={spec.name} style={{ top: `${y}px`, height: `${height}px` }}>
      <Component editor={editor} document={document} node={node} spec={spec} linked={linked} value={document.graph.value(node, spec)}
        set={(value, live) => document.edit(t("node.change", { widget: spec.label }), [valueEdit(document.graph, node, spec, value)], live ? key : null)}
        commit={() => document.endGesture()} />
      {Pin && <Pin document={document} node={node} spec={spec} />}
    </div>
  );
}

function Title({ editor, document, node }: PartProps) {
  const title = document.graph.title(node);
  if (editor.ui.renaming.value !== node.id) return <span class="node-name">{title}</span>;
  const done = (text: string | null): void => {
    editor.ui.renaming.value = null;
    if (text !== null && text !== title) document.edit("rename", [{ kind: "field", id: node.id, field: "title", value: text.trim() || null }]);
  };
  return (
    <input class="node-rename" data-widget="title" defaultValue={title} aria-label={t("node.title")}
      ref={(input) => { if (input && input !== window.document.activeElement) { input.focus(); input.select(); } }}
      onBlur={(event) => done(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") done(null);
      }} />
  );
}

function Progress({ document, id }: { document: Document; id: NodeId }) {
  const run = document.run(document.key(id)).value;
  if (run.phase !== "running") return null;
  const part = run.max > 0 ? run.value / run.max : 0;
  return (
    <>
      {run.max > 1 && <span class="node-count">{run.value} / {run.max}</span>}
      <span class={`progress${run.max > 0 ? "" : " busy"}`} role="progressbar" aria-valuenow={Math.round(part * 100)} aria-label={t("node.progress")}>
        <span style={{ transform: `scaleX(${run.max > 0 ? part : 0.3})` }} />
      </span>
    </>
  );
}

/** Details on the node only where they are short and add something; the list of problems has them all. */
const isWorthSaying = ({ input, details }: NodeError): boolean => details !== "" && details !== input && details.length < 140 && !details.includes("\n");

function Errors({ editor, document, id }: NodeProps) {
  const { errors } = document.run(document.key(id)).value;
  if (errors.length === 0) return null;
  return (
    <div class="node-errors" role="alert">
      {errors.map((error, index) => (
        <div key={index}><strong>{spoken(error.message)}</strong>{isWorthSaying(error) && <span>{error.details}</span>}
          {error.inside && <button type="button" class="button quiet" data-widget="" onClick={() => editor.jumpTo(error.inside!)}>{t("node.showInside")}</button>}</div>
      ))}
    </div>
  );
}

/** The empty socket of a subgraph's border: a link to it makes an input or output. */
function NewPortView({ editor, document, node, layout }: PartProps & { layout: NodeLayout }) {
  const slot = node.outputs.length;
  const input = layout.inputs.find((place) => place.name === NEW_PORT);
  const fits = useComputed(() => fitness(document, editor.stage.linking.value, node.id, input ? { input: NEW_PORT } : { slot }));
  const side = input ? "in" : "out";
  return (
    <div class={`socket ${side} new-port${fitClass(fits.value)}`} style={{ top: `${input?.y ?? layout.outputs[slot]?.y ?? 0}px` }} role="img"
      aria-label={t(`node.new${side}put`)} title={t(`node.new${side}putHint`)}>
      {side === "out" && <span class="socket-name">{t("node.newPort")}</span>}<span {...socketLook("*")} />{side === "in" && <span class="socket-name">{t("node.newPort")}</span>}
    </div>
  );
}

/** The pack that brings a missing type, where the file knows it. */
function Placeholder({ editor, node }: { editor: Editor; node: GraphNode }) {
  const pack = node.properties.cnr_id ?? node.properties.aux_id;
  const failed = troubledPackOf(node.properties, editor.packs.value);
  return (
    <div class="node-missing">
      <strong>{node.type}</strong> {t("node.notInstalled")}
      {typeof pack === "string" && <> {t("node.comesWith")} <strong>{pack}</strong>.</>} {t("node.savedUnchanged")}
      {failed && <p>{troubleLine([failed])}. <button type="button" class="button quiet" data-widget="" onClick={() => (editor.ui.dialog.value = "packs")}>{t("node.whyMissing")}</button></p>}
    </div>
  );
}

/** Lines of text that extensions show below the title. */
function Lines({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return <div class="node-lines" data-widget="">{lines.map((line, index) => <div key={index} title={line}>{line}</div>)}</div>;
}

function Body({ layout, ...part }: PartProps & { layout: NodeLayout }) {
  const { node } = part;
  return (
    <>
      {node.inputs.map((socket, index) => (
        <InputView key={`i${socket.name}`} {...part} socket={socket} y={layout.inputs[index]?.y ?? 0} />
      ))}
      {node.outputs.map((socket, slot) => (
        <OutputView key={`o${slot}`} {...part} socket={socket} slot={slot} y={layout.outputs[slot]?.y ?? 0} />
      ))}
      {isBorder(node.id) && <NewPortView {...part} layout={layout} />}
      {layout.widgets.map((place) => <WidgetView key={place.spec.name} {...part} place={place} />)}
      {!layout.collapsed && <Media {...part} layout={layout} />}
      {!node.known && !layout.collapsed && <Placeholder editor={part.editor} node={node} />}
    </>
  );
}

function nodeClass(document: Document, node: GraphNode, phase: string, collapsed: boolean): string {
  const names = ["node", `phase-${phase}`];
  if (document.selection.value.has(node.id)) names.push("is-selected");
  if (node.mode === NodeMode.mute) names.push("is-muted");
  if (node.mode === NodeMode.bypass) names.push("is-bypassed");
  if (collapsed) names.push("is-collapsed");
  if (node.type === "Reroute") names.push("is-reroute");
  if (isBorder(node.id)) names.push("is-border");
  if (document.graph.subgraphs.has(node.type)) names.push("is-subgraph");
  if (!node.known) names.push("is-missing");
  if (node.type === "Note" || node.type === "MarkdownNote") names.push("is-note");
  return names.join(" ");
}

export const NodeView = memo(({ editor, document, id }: NodeProps) => {
  const revision = document.nodeRevision(id).value;
  const phase = useComputed(() => document.run(document.key(id)).value.phase);
  const node = document.graph.nodes.get(id);
  if (!node) return null;
  const layout = document.layout(id);
  const definition = document.graph.definition(node.type);
  const decoration = document.decoration(id);
  const tint = titleTint(node, definition?.category ?? "", decoration?.hue);
  const title = document.graph.title(node);
  const part: PartProps = { editor, document, node, revision };
  const badge = node.mode === NodeMode.mute ? t("node.muted") : node.mode === NodeMode.bypass ? t("node.bypassed") : null;
  return (
    <div class={nodeClass(document, node, phase.value, layout.collapsed)} data-node={id} tabIndex={0} role="group" aria-label={describeNode(document.graph, id)} aria-roledescription={t("node.node")}
      style={{
        transform: `translate(${node.pos[0]}px, ${node.pos[1]}px)`, width: `${layout.width}px`, height: `${layout.height}px`,
        "--hue": String(tint.hue), "--strength": String(tint.chroma), zIndex: String(editor.stage.scene?.order(id) ?? 0),
      }}
      onFocus={(event: FocusEvent) => { if (event.target === event.currentTarget && !document.selection.peek().has(id)) document.select([id]); }}
      onFocusIn={() => editor.stage.keep(id, true)} onFocusOut={() => editor.stage.keep(id, false)}>
      {layout.title > 0 && <header class="node-title" title={(definition && aboutType(definition)) || undefined}>
        <Title {...part} />
        {decoration?.badges.map((mark) => <span key={mark.text} class={`badge ${mark.tone}`}>{mark.text}</span>)}
        {badge && <span class="badge">{badge}</span>}
        {node.pinned && <span class="pin" title={t("node.pinnedHint")} role="img" aria-label={t("node.pinned")}><PinIcon /></span>}
        {document.graph.subgraphs.has(node.type) && (
          <button type="button" class="icon-button enter" data-widget="enter" aria-label={t("node.openSubgraph", { title })} title={t("node.openSubgraphHint")}
            onClick={() => enterNode(editor, document, id)}><EnterIcon /></button>
        )}
        <Progress document={document} id={id} />
      </header>}
      {!layout.collapsed && <Lines lines={decoration?.lines ?? []} />}
      <Body {...part} layout={layout} />
      <Errors editor={editor} document={document} id={id} />
    </div>
  );
});

