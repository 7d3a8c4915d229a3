/** The library beside the canvas: saved workflows on one half, models on the other. */

import { useEffect } from "preact/hooks";
import type { Editor } from "../editor";
import type { Model } from "../model/library/loaders";
import { CloseIcon } from "../view/icons";
import { t } from "../words";
import { dropModel } from "./model_actions";
import { ModelsHalf } from "./models_half";
import { lastHalf, MODEL_TYPE, shownHalf, WORKFLOW_TYPE, type Half } from "./shown";
import { open } from "./workflow_actions";
import { WorkflowsHalf } from "./workflows_half";
import "./library.css";

const HALVES = ["workflows", "models"] as const;
const LABELS = { workflows: "library.workflows", models: "library.models" } as const;

/** What is dragged out of the library onto the canvas: models become nodes or go into them, workflows open. */
function useDropsOnCanvas(editor: Editor): void {
  useEffect(() => {
    const drop = (event: DragEvent): void => {
      const viewport = (event.target as Element).closest?.(".viewport");
      const model = event.dataTransfer?.getData(MODEL_TYPE);
      const file = event.dataTransfer?.getData(WORKFLOW_TYPE);
      if (!viewport || !(model || file)) return;
      event.preventDefault();
      event.stopPropagation();
      const box = viewport.getBoundingClientRect();
      if (model) void dropModel(editor, JSON.parse(model) as Model, editor.stage.canvasPoint([event.clientX - box.left, event.clientY - box.top]));
      else if (file) void open(editor, file, () => (shownHalf.value = null));
    };
    addEventListener("drop", drop, { capture: true });
    return () => removeEventListener("drop", drop, { capture: true });
  }, []);
}

export function LibraryPanel({ editor }: { editor: Editor }) {
  useDropsOnCanvas(editor);
  const half = shownHalf.value ?? lastHalf.value;
  const show = (next: Half): void => void (shownHalf.value = lastHalf.value = next);
  const turn = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const next = HALVES[1 - HALVES.indexOf(half)]!;
    show(next);
    document.getElementById(`library-tab-${next}`)?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section class="library" aria-label={t("library.title")}>
      <header>
        <h2 class="visually-hidden">{t("library.title")}</h2>
        <div class="library-halves" role="tablist" aria-label={t("library.title")} onKeyDown={turn}>
          {HALVES.map((entry) => (
            <button key={entry} type="button" role="tab" id={`library-tab-${entry}`} aria-selected={entry === half} aria-controls="library-half" tabIndex={entry === half ? 0 : -1} onClick={() => show(entry)}>{t(LABELS[entry])}</button>
          ))}
        </div>
        <button type="button" class="icon-button" aria-label={t("library.close")} title={t("library.close")} onClick={() => (shownHalf.value = null)}><CloseIcon /></button>
      </header>
      <div class="library-half" id="library-half" role="tabpanel" aria-labelledby={`library-tab-${half}`}>
        {half === "workflows" ? <WorkflowsHalf editor={editor} /> : <ModelsHalf editor={editor} />}
      </div>
    </section>
  );
}
