/** Which picture does a node show? The preview while it forms, the result after it, the file that a loader reads. */

import { useEffect, useState } from "preact/hooks";
import { annotatedRef, viewUrl } from "../../api/http";
import type { Editor } from "../../editor";
import type { Document } from "../../model/document";
import type { NodeLayout } from "../../model/geometry";
import type { FileRef, NodeRun } from "../../model/run_state";
import type { GraphNode } from "../../model/types";
import { t } from "../../words";
import { LARGEST_SIDE, shrink } from "./shrink";

/** The pictures of an image widget, as long as no run says otherwise. */
function chosenFiles(document: Document, node: GraphNode): FileRef[] {
  const spec = document.graph.widgets(node).find((widget) => widget.kind === "image");
  const value = spec && document.graph.value(node, spec);
  return spec && typeof value === "string" && value !== "" ? [annotatedRef(value, spec.folder ?? "input")] : [];
}

/** A picture that says so in words when its file is not there. */
function Picture({ editor, refs, index }: { editor: Editor; refs: readonly FileRef[]; index: number }) {
  const ref = refs[index]!;
  const [missing, setMissing] = useState(false);
  const [small, setSmall] = useState<string | null>(null);
  useEffect(() => () => { if (small) URL.revokeObjectURL(small); }, [small]);
  if (missing) return <span class="media-hint">{t("node.fileGone", { name: ref.filename, folder: ref.type })}</span>;
  return (
    <button class="picture" type="button" data-widget="picture" aria-label={t("node.openFile", { name: ref.filename })} onClick={() => (editor.ui.picture.value = { refs, index, workflow: null })}>
      <img src={small ?? viewUrl(ref)} alt={ref.filename} decoding="async" draggable={false} onError={() => setMissing(true)}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          // a picture that can't be shrunk is shown as it is
          if (!small && Math.max(naturalWidth, naturalHeight) > LARGEST_SIDE) shrink(viewUrl(ref)).then(setSmall, () => undefined);
        }} />
    </button>
  );
}

function Pictures({ editor, refs }: { editor: Editor; refs: readonly FileRef[] }) {
  const columns = Math.ceil(Math.sqrt(refs.length));
  return (
    <div class="pictures" style={{ "--columns": String(columns) }}>
      {refs.map((ref, index) => <Picture key={`${ref.type}/${ref.subfolder}/${ref.filename}`} editor={editor} refs={refs} index={index} />)}
    </div>
  );
}

function content(editor: Editor, document: Document, node: GraphNode, run: NodeRun) {
  if (run.preview !== null && (run.phase === "running" || run.images.length === 0))
    return <img class="preview" src={run.preview} alt={t("node.preview")} decoding="async" draggable={false} />;
  if (run.images.length > 0) return <Pictures editor={editor} refs={run.images} />;
  if (run.texts.length > 0) return <div class="node-text" data-widget="text">{run.texts.join("\n")}</div>;
  const chosen = chosenFiles(document, node);
  return chosen.length > 0 ? <Pictures editor={editor} refs={chosen} /> : <span class="media-hint">{t("node.pictureHere")}</span>;
}

/** Samplers show how the picture forms; their empty place says so where there is room for it. */
const isSampler = (document: Document, node: GraphNode): boolean =>
  node.outputs.some((output) => output.type === "LATENT") && document.graph.widgets(node).some((spec) => spec.name === "steps" || spec.name === "noise_seed");

export function Media({ editor, document, node, layout }: { editor: Editor; document: Document; node: GraphNode; layout: NodeLayout }) {
  const run = document.run(document.key(node.id)).value;
  if (layout.media) {
    return (
      <div class="media" style={{ top: `${layout.media.y}px`, height: `${layout.media.height}px` }}>{content(editor, document, node, run)}</div>
    );
  }
  const last = layout.widgets.at(-1);
  const top = last ? last.y + last.height + 2 : 0;
  const room = layout.height - top - 10;
  if (room < 100 || !isSampler(document, node)) return null;
  return <div class="media" style={{ top: `${top}px`, height: `${room}px` }}><span class="media-hint">{t("node.watchHere")}</span></div>;
}
