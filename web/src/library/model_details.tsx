/** One model: how it looks, what its file says of itself, what uses it, and what can be done with it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { page, type Result } from "../api/gallery";
import { reason } from "../api/http";
import { hashModel, type AboutModel, type ModelInfo } from "../api/library";
import type { Editor } from "../editor";
import { baseOf, titleOf } from "../model/library/folders";
import { embeddingText, EMBEDDINGS } from "../model/library/loaders";
import { usersOf } from "../model/library/uses";
import { PlusIcon, UndoIcon } from "../view/icons";
import { locale, t } from "../words";
import { exactly, percent, readableBytes } from "../words/format";
import * as actions from "./model_actions";
import { keyOf, modelShelf } from "./model_state";
import { Blank } from "./models_half";
import { shownHalf } from "./shown";
import { open } from "./workflow_actions";

const PICTURES = 60;

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return children ? <div><dt>{name}</dt><dd>{children}</dd></div> : null;
}

function Hash({ editor, about }: { editor: Editor; about: AboutModel }) {
  const [sha256, setSha256] = useState(about.sha256);
  const [isBusy, setBusy] = useState(false);
  const act = (): void => {
    if (isBusy) return;
    if (sha256) return void actions.copyText(editor, sha256);
    setBusy(true);
    hashModel(about).then(setSha256, (error: unknown) => editor.ui.tell(reason(error), "error")).finally(() => setBusy(false));
  };
  // one button all the while, so that the focus stays on it
  return (
    <button type="button" class={`library-copy${sha256 ? " library-hash" : ""}`} aria-disabled={isBusy} title={sha256 && t("library.tagOnly", { tag: sha256 })} onClick={act}>
      {sha256 || t(isBusy ? "library.addingUp" : "library.addUp")}
    </button>
  );
}

function Facts({ editor, about }: { editor: Editor; about: AboutModel }) {
  const types = Object.entries(about.types).map(([type, share]) => (share > 0.995 ? type : `${type} ${percent(share)}`)).join(", ");
  return (
    <dl class="library-facts">
      <Fact name={t("library.family")}>{about.family}</Fact>
      <Fact name={t("library.base")}>{about.base}</Fact>
      <Fact name={t("library.architecture")}>{about.architecture}</Fact>
      <Fact name={t("library.resolution")}>{about.resolution}</Fact>
      <Fact name={t("library.rank")}>{about.rank}</Fact>
      <Fact name={t("library.numbers")}>{about.numbers > 0 && new Intl.NumberFormat(locale(), { notation: "compact", maximumSignificantDigits: 3 }).format(about.numbers)}</Fact>
      <Fact name={t("library.types")}>{types}</Fact>
      <Fact name={t("library.size")}>{readableBytes(about.size)}</Fact>
      <Fact name={t("library.changed")}>{exactly(about.modified_ms)}</Fact>
      <Fact name={t("library.author")}>{about.author}</Fact>
      <Fact name={t("library.license")}>{about.license}</Fact>
      <Fact name={t("library.place")}>{about.path || `${about.kind}/${about.name}`}</Fact>
      <Fact name={t("library.hash")}><Hash editor={editor} about={about} /></Fact>
    </dl>
  );
}

function Words({ editor, about }: { editor: Editor; about: AboutModel }) {
  return (
    <>
      {about.description && <><h4>{t("library.description")}</h4><p class="library-text">{about.description}</p></>}
      {about.usage && <><h4>{t("library.usage")}</h4><p class="library-text">{about.usage}</p></>}
      {about.triggers && <><h4>{t("library.triggers")}</h4><p><button type="button" class="library-copy" title={t("library.tagOnly", { tag: about.triggers })} onClick={() => void actions.copyText(editor, about.triggers)}>{about.triggers}</button></p></>}
      {about.tags.length > 0 && (
        <>
          <h4>{t("library.tags")}</h4>
          <ul class="library-tags" aria-label={t("library.tags")}>
            {about.tags.map(({ tag, count }) => (
              <li key={tag}><button type="button" class="library-copy" title={count > 0 ? t("library.tagTimes", { tag, n: count }) : t("library.tagOnly", { tag })} onClick={() => void actions.copyText(editor, tag)}>{tag}{count > 0 && <span class="muted">{count}</span>}</button></li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function UsedBy({ editor, model }: { editor: Editor; model: ModelInfo }) {
  const saved = usersOf(modelShelf.uses.value, model, actions.means(editor));
  const tabs = actions.openUsers(editor, model);
  const others = saved.filter((file) => !tabs.some((document) => document.savedAs === file));
  const close = (): void => void (shownHalf.value = null);
  return (
    <>
      <h4>{t("library.usedBy")}</h4>
      {tabs.length + others.length === 0 ? <p class="muted">{t("library.usedByNone")}</p> : (
        <ul class="library-uses" aria-label={t("library.usedBy")}>
          {tabs.map((document) => <li key={document.id}><button type="button" onClick={() => editor.activate(document)}>{document.name.value}<span class="muted">{t("library.inTab")}</span></button></li>)}
          {others.map((file) => <li key={file}><button type="button" title={file} onClick={() => void open(editor, file, close)}>{titleOf(file)}</button></li>)}
        </ul>
      )}
    </>
  );
}

/** Results of the user, one of which is to stand for the model. */
function Picker({ editor, model, done }: { editor: Editor; model: ModelInfo; done: () => void }) {
  const [results, setResults] = useState<readonly Result[] | null>(null);
  useEffect(() => void page({ search: "", media: "image" }, null, PICTURES).then((found) => setResults(found.results), (error: unknown) => editor.ui.tell(reason(error), "error")), []);
  const pick = (result: Result): void => {
    done();
    void actions.choosePicture(editor, model, result.file);
  };
  return (
    <div class="library-picker" role="group" aria-label={t("library.chooseFrom", { name: baseOf(model.name) })}>
      {results?.filter((result) => result.thumbnail).map((result) => (
        <button key={result.thumbnail} type="button" aria-label={result.file.filename} title={result.file.filename} onClick={() => pick(result)}><img src={result.thumbnail!} alt="" decoding="async" loading="lazy" /></button>
      ))}
      {results?.length === 0 && <p class="nothing">{t("library.chooseNothing")}</p>}
      <p class="muted">{t("library.pictureHint")}</p>
    </div>
  );
}

function Metadata({ about }: { about: AboutModel }) {
  const entries = Object.entries(about.metadata);
  if (entries.length === 0) return <p class="muted">{about.problem ? t("library.unreadable", { why: about.problem }) : t("library.metadataNone")}</p>;
  return (
    <details class="library-metadata"><summary>{t("library.metadata")}</summary>
      <dl>{entries.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </details>
  );
}

export function ModelDetails({ editor, model }: { editor: Editor; model: ModelInfo }) {
  const [problem, setProblem] = useState("");
  const [isPicking, setPicking] = useState(false);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    back.current?.focus();
    modelShelf.ask(model).catch((error: unknown) => setProblem(reason(error)));
  }, [model.modified_ms]);
  const about = modelShelf.abouts.value.get(keyOf(model));
  const picture = about ? about.picture : model.picture;
  const name = model.kind === EMBEDDINGS ? embeddingText(model.name) : model.name;
  const leave = (): void => void (modelShelf.shown.value = null);
  return (
    <article class="library-details" aria-label={model.name} onKeyDown={(event) => { if (event.key === "Escape" && !editor.isModal) { leave(); event.stopPropagation(); } }}>
      <button type="button" class="button quiet" ref={back} onClick={leave}><UndoIcon />{t("library.back")}</button>
      <div class="library-picture is-large">{picture ? <img src={picture} alt="" /> : <Blank kind={model.kind} />}</div>
      <h3>{about?.title || baseOf(model.name)}</h3>
      <p class="muted">{model.kind} · {model.name}</p>
      <div class="library-buttons">
        <button type="button" class="button run" onClick={() => actions.addModel(editor, model)}><PlusIcon />{t("library.add")}</button>
        <button type="button" class="button" onClick={() => void actions.copyText(editor, name)}>{t("library.copyName")}</button>
        <button type="button" class="button" aria-expanded={isPicking} onClick={() => setPicking(!isPicking)}>{t("library.choose")}</button>
        {about?.has_chosen_picture && <button type="button" class="button" onClick={() => void actions.forgetPicture(editor, model)}>{t("library.forgetPicture")}</button>}
      </div>
      {isPicking && <Picker editor={editor} model={model} done={() => setPicking(false)} />}
      {problem && <p class="nothing" role="alert">{problem}</p>}
      {about && <Words editor={editor} about={about} />}
      <UsedBy editor={editor} model={model} />
      {about && <Facts editor={editor} about={about} />}
      {about && <Metadata about={about} />}
    </article>
  );
}
