/** All model files of the server, with their pictures. */

import { useEffect, useRef } from "preact/hooks";
import type { CSSProperties } from "preact";
import type { ModelInfo } from "../api/library";
import type { Editor } from "../editor";
import { baseOf, parentOf } from "../model/library/folders";
import type { Sizes } from "../model/library/layout";
import { PlusIcon, RepeatIcon, SearchIcon } from "../view/icons";
import { typeHue } from "../view/theme";
import { t } from "../words";
import { readableBytes } from "../words/format";
import { Grid } from "./grid";
import * as actions from "./model_actions";
import { ModelDetails } from "./model_details";
import { keyOf, modelShelf, MODEL_SORTS, type ModelSort } from "./model_state";
import { MODEL_TYPE } from "./shown";

const SIZES: Sizes = { rowHeight: 1, smallestTile: 150, tileHeight: (width) => Math.round((width - 8) * 0.8) + 54 };
const SORT_LABELS: Record<ModelSort, "library.byName" | "library.byNewest" | "library.bySize"> = { name: "library.byName", newest: "library.byNewest", size: "library.bySize" };

/** What a model of a kind becomes on the wires, whose colour stands for it. */
const SOCKETS: Readonly<Record<string, string>> = {
  checkpoints: "MODEL", diffusion_models: "MODEL", loras: "LATENT", vae: "VAE", text_encoders: "CLIP", embeddings: "CONDITIONING", controlnet: "CONTROL_NET",
  clip_vision: "CLIP_VISION", style_models: "STYLE_MODEL", upscale_models: "UPSCALE_MODEL",
};

/** A model without a picture: its kind in its colour. */
export function Blank({ kind }: { kind: string }) {
  return <span class="library-blank" style={{ "--hue": String(typeHue(SOCKETS[kind] ?? kind) ?? 270) }} aria-hidden="true">{kind}</span>;
}

function Tile({ editor, model, index, style, tabIndex }: { editor: Editor; model: ModelInfo; index: number; style: CSSProperties; tabIndex: 0 | -1 }) {
  const isMounted = useRef(true);
  useEffect(() => {
    isMounted.current = true;
    modelShelf.wantAbout(model, () => isMounted.current);
    return () => void (isMounted.current = false);
  }, [keyOf(model), model.modified_ms]);
  const about = modelShelf.abouts.value.get(keyOf(model));
  const picture = model.picture ?? about?.picture;
  const title = baseOf(model.name);
  const meta = [about?.family || model.kind, readableBytes(model.size)].join(" · ");
  return (
    <div class="library-tile" style={style} draggable onDragStart={(event) => event.dataTransfer?.setData(MODEL_TYPE, JSON.stringify({ kind: model.kind, name: model.name }))}>
      <button type="button" class="library-face" data-index={index} data-key={keyOf(model)} tabIndex={tabIndex} title={`${model.kind}/${model.name}`} aria-label={`${title}, ${model.kind}, ${meta}`} onClick={() => (modelShelf.shown.value = model)}>
        <span class="library-picture">{picture ? <img src={picture} alt="" draggable={false} decoding="async" /> : <Blank kind={model.kind} />}</span>
        <span class="library-name">{title.replace(/\.[^.]+$/, "")}</span>
        <span class="library-meta">{parentOf(model.name) && `${parentOf(model.name)} · `}{meta}</span>
      </button>
      <button type="button" class="icon-button library-more" tabIndex={tabIndex} aria-label={t("library.addModel", { name: title })} title={t("library.add")} onClick={() => actions.addModel(editor, model)}><PlusIcon /></button>
    </div>
  );
}

function Tools() {
  const { kinds, found } = modelShelf;
  return (
    <>
      <div class="library-tools">
        <label class="library-find"><SearchIcon />
          <input type="search" aria-label={t("library.searchModels")} placeholder={t("library.searchModelsHint")} maxLength={200} value={modelShelf.search.value} onInput={({ currentTarget }) => (modelShelf.search.value = currentTarget.value)}
            onKeyDown={(event) => { if (event.key === "Escape" && modelShelf.search.value) { modelShelf.search.value = ""; event.stopPropagation(); } }} />
        </label>
        <select aria-label={t("library.sort")} value={modelShelf.sort.value} onChange={({ currentTarget }) => (modelShelf.sort.value = currentTarget.value as ModelSort)}>
          {MODEL_SORTS.map((sort) => <option key={sort} value={sort}>{t(SORT_LABELS[sort])}</option>)}
        </select>
      </div>
      <div class="library-place">
        <select aria-label={t("library.kind")} value={modelShelf.kind.value} onChange={({ currentTarget }) => (modelShelf.kind.value = currentTarget.value)}>
          <option value="">{t("library.allKinds")}</option>
          {kinds.value.map(({ name, count }) => <option key={name} value={name}>{name} ({count})</option>)}
        </select>
        <p class="muted" role="status">{found.value && t("library.foundModels", { n: modelShelf.models.value.length })}</p>
        <span class="spacer" />
        <button type="button" class="icon-button" aria-label={t("library.refresh")} title={t("library.refresh")} onClick={() => void modelShelf.reload()}><RepeatIcon /></button>
      </div>
    </>
  );
}

function Nothing() {
  const kind = modelShelf.kinds.value.find(({ name }) => name === modelShelf.kind.value);
  if (kind && kind.count === 0) return <p class="nothing">{t("library.noModelsOf", { folder: kind.folders[0] ?? kind.name })}</p>;
  return <p class="nothing">{modelShelf.found.value?.models.length === 0 ? t("library.noModels") : t("library.nothingFound")}</p>;
}

export function ModelsHalf({ editor }: { editor: Editor }) {
  useEffect(() => void modelShelf.reload(), []);
  const root = useRef<HTMLDivElement>(null);
  const { value: shown } = modelShelf.shown;
  const models = modelShelf.models.value;
  const lastShown = useRef<string | null>(null);
  useEffect(() => {
    if (!shown && lastShown.current) root.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(lastShown.current)}"]`)?.focus();
    lastShown.current = shown && keyOf(shown);
  }, [shown]);
  const onKey = (index: number, event: KeyboardEvent): boolean => {
    const model = models[index];
    if (!model || event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "a") return false;
    actions.addModel(editor, model);
    return true;
  };
  return (
    <>
      {shown && <ModelDetails key={keyOf(shown)} editor={editor} model={shown} />}
      <div class="library-models" ref={root} hidden={shown !== null}>
        <Tools />
        {modelShelf.problem.value && <p class="nothing" role="alert">{modelShelf.problem.value}</p>}
        {modelShelf.found.value && models.length === 0 && <Nothing />}
        <Grid label={t("library.modelList")} of={modelShelf.listId.value} rows={0} tiles={models.length} sizes={SIZES} onKey={onKey}
          cell={(index, style, tabIndex) => models[index] && <Tile key={keyOf(models[index])} editor={editor} model={models[index]} index={index} style={style} tabIndex={tabIndex} />} />
      </div>
    </>
  );
}
