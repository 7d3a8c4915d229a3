/** What was made lately? A strip of results, and one of them at full size with its workflow behind it. */

import type { Editor } from "../editor";
import { viewUrl, type HistoryItem } from "../api/http";
import { readOutput, type FileRef } from "../model/run_state";
import type { Json } from "../model/types";
import { CloseIcon } from "../view/icons";

interface Result {
  readonly ref: FileRef;
  readonly workflow: Json;
}

const resultsOf = (item: HistoryItem): Result[] =>
  Object.values(item.outputs).flatMap((output) => readOutput(output).images.map((ref) => ({ ref, workflow: item.workflow })));

/** As in panels.css. */
const WIDTH = 216;

export function Gallery({ editor }: { editor: Editor }) {
  const isShown = editor.ui.showsGallery.value;
  editor.stage.insets = { ...editor.stage.insets, right: isShown ? WIDTH : 0 };
  if (!isShown) return null;
  const results = editor.results.value.flatMap(resultsOf).slice(0, 60);
  return (
    <aside class="gallery" aria-label="Results">
      {results.length === 0 && <p class="nothing">Pictures that you make are listed here.</p>}
      {results.map(({ ref, workflow }, index) => (
        <button key={`${index}/${ref.type}/${ref.subfolder}/${ref.filename}`} type="button" aria-label={`Open ${ref.filename}`} onClick={() => (editor.ui.picture.value = { refs: [ref], index: 0, workflow })}>
          <img src={viewUrl(ref, true)} alt={ref.filename} loading="lazy" decoding="async" />
        </button>
      ))}
    </aside>
  );
}

export function PictureViewer({ editor }: { editor: Editor }) {
  const picture = editor.ui.picture.value;
  const ref = picture?.refs[picture.index];
  if (!picture || !ref) return null;
  const close = (): void => void (editor.ui.picture.value = null);
  const turn = (by: number): void => void (editor.ui.picture.value = { ...picture, index: (picture.index + by + picture.refs.length) % picture.refs.length });
  return (
    <div class="viewer" role="dialog" aria-modal="true" aria-label={ref.filename} tabIndex={-1} ref={(element) => element?.focus()}
      onKeyDown={(event) => { if (event.key === "ArrowRight") turn(1); if (event.key === "ArrowLeft") turn(-1); }}
      onClick={(event) => { if (event.target === event.currentTarget) close(); }}>
      <img src={viewUrl(ref)} alt={ref.filename} />
      <footer>
        <span>{ref.filename}{picture.refs.length > 1 && ` · ${picture.index + 1} of ${picture.refs.length}`}</span>
        {picture.workflow !== null && <button type="button" class="button quiet" onClick={() => { close(); editor.open(picture.workflow, ref.filename.replace(/\.[^.]+$/, "")); }}>Open its workflow</button>}
        <a class="button quiet" href={viewUrl(ref)} download={ref.filename}>Download</a>
        <button type="button" class="icon-button" aria-label="Close" onClick={close}><CloseIcon /></button>
      </footer>
    </div>
  );
}
