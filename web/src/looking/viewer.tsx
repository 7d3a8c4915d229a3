/** What is in a result? It is shown large, alone or against another one, with its numbers and the workflow behind it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { workflowAt } from "../api/gallery";
import { reason, viewUrl } from "../api/http";
import { jobOfAddress } from "../api/jobs";
import type { Editor } from "../editor";
import type { FileRef } from "../model/run_state";
import type { Picture } from "../panels/ui_state";
import { timedJob } from "../running/shown";
import { CloseIcon } from "../view/icons";
import { t } from "../words";
import { FIT, zoomed } from "./camera";
import { Compare, type CompareMode } from "./compare";
import { HistogramChart } from "./histogram_chart";
import { canBeBare, mediaOf } from "./media_kinds";
import { Sound, Film, LatentView, TextView } from "./media_views";
import { Pixels } from "./pixels";
import { transformOf, ZoomBox, type Stage } from "./zoom_box";
import "./looking.css";

type Channel = "" | "rgb" | "a";
const pictureUrl = (ref: FileRef, channel: Channel): string => viewUrl(ref) + (channel ? `&channel=${channel}` : "");

function readout(pixels: Pixels | null, image: HTMLImageElement | null, event: PointerEvent | null): string {
  if (!pixels || !image || !event) return "";
  const { left, top, width, height } = image.getBoundingClientRect();
  const x = Math.floor(((event.clientX - left) / width) * pixels.width);
  const y = Math.floor(((event.clientY - top) / height) * pixels.height);
  if (x < 0 || y < 0 || x >= pixels.width || y >= pixels.height) return "";
  const [red, green, blue, alpha] = pixels.at(x, y);
  const hex = [red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("");
  return `x ${x}  y ${y}   R ${red}  G ${green}  B ${blue}${alpha === 255 ? "" : `  A ${alpha}`}   #${hex}`;
}

function Still({ reference, stage, channel, showsNumbers }: { reference: FileRef; stage: Stage; channel: Channel; showsNumbers: boolean }) {
  const image = useRef<HTMLImageElement>(null);
  const [pixels, setPixels] = useState<Pixels | null>(null);
  const [size, setSize] = useState("");
  const [under, setUnder] = useState("");
  const [broken, setBroken] = useState(false);
  const url = pictureUrl(reference, channel);
  if (broken) return <p class="nothing">{t("looking.noPicture", { name: reference.filename, folder: reference.type })}</p>;
  return (
    <>
      <ZoomBox stage={stage} label={`${reference.filename}, ${size}`} onPoint={(event) => setUnder(readout(pixels, image.current, event))}>
        <img ref={image} src={url} alt={reference.filename} draggable={false} style={transformOf(stage.camera)} onError={() => setBroken(true)}
          onLoad={({ currentTarget }) => { setSize(`${currentTarget.naturalWidth} × ${currentTarget.naturalHeight}`); setPixels(Pixels.of(currentTarget)); }} />
      </ZoomBox>
      {showsNumbers && pixels && <HistogramChart pixels={pixels} />}
      <output class="pixel" aria-label={t("looking.pixel")}>{under || size}</output>
    </>
  );
}

function One({ reference, stage, channel, showsNumbers }: { reference: FileRef; stage: Stage; channel: Channel; showsNumbers: boolean }) {
  const url = viewUrl(reference);
  switch (mediaOf(reference.filename)) {
    case "video": return <Film url={url} name={reference.filename} />;
    case "audio": return <Sound url={url} name={reference.filename} />;
    case "latent": return <LatentView url={url} name={reference.filename} />;
    case "text": return <TextView url={url} name={reference.filename} />;
    case "image": return <Still key={pictureUrl(reference, channel)} reference={reference} stage={stage} channel={channel} showsNumbers={showsNumbers} />;
    case "other": return <p class="nothing">{t("looking.cantShow", { name: reference.filename })}</p>;
  }
}

/** Keeps the focus among the buttons of the dialog. */
function keepInside(event: KeyboardEvent, dialog: HTMLElement): void {
  const stops = [...dialog.querySelectorAll<HTMLElement>("button, a[href], select, [tabindex='0'], video, audio")].filter((each) => !each.hasAttribute("disabled"));
  const [first, last] = [stops[0], stops.at(-1)];
  const leaves = event.shiftKey ? document.activeElement === first || document.activeElement === dialog : document.activeElement === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

async function openWorkflow(editor: Editor, picture: Picture, name: string): Promise<void> {
  const address = picture.workflowsAt?.[picture.index];
  try {
    const workflow = address ? await workflowAt(address) : picture.workflow;
    editor.ui.picture.value = null;
    editor.open(workflow, name.replace(/\.[^.]+$/, ""));
  } catch (error) {
    editor.ui.tell(t("looking.workflowFails", { name, why: reason(error) }), "error");
  }
}

export function Viewer({ editor, picture }: { editor: Editor; picture: Picture }) {
  const dialog = useRef<HTMLDivElement>(null);
  const [camera, move] = useState(FIT);
  const [channel, setChannel] = useState<Channel>("");
  const [showsNumbers, setShowsNumbers] = useState(false);
  const [mode, setMode] = useState<CompareMode>("slider");
  const { ui } = editor;
  const { refs, index } = picture;
  const against = picture.against ?? null;
  const ref = refs[index]!;
  const other = against === null ? null : (refs[against] ?? null);
  const isStill = (each: FileRef | null): boolean => each !== null && mediaOf(each.filename) === "image";
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.focus();
    return () => { if (before instanceof HTMLElement && before.isConnected) before.focus(); };
  }, []);
  const close = (): void => void (ui.picture.value = null);
  const turn = (by: number): void => {
    const target = index + by;
    if (target < 0 || target >= refs.length) return;
    move(FIT);
    ui.picture.value = { ...picture, index: target, against: against === null ? null : Math.min(refs.length - 1, Math.max(0, against + by)) };
  };
  const compare = (): void => {
    const next = index + 1 < refs.length ? index + 1 : index - 1;
    if (against !== null) ui.picture.value = { ...picture, against: null };
    else if (isStill(ref) && isStill(refs[next] ?? null)) ui.picture.value = { ...picture, against: next };
    else ui.tell(t("looking.noOther"));
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (event.key === "Tab") return keepInside(event, dialog.current!);
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("video, audio, select, [role='slider']")) return;
    const acts: Record<string, () => void> = {
      ArrowRight: () => turn(1), ArrowLeft: () => turn(-1), c: compare, C: compare, h: () => setShowsNumbers(!showsNumbers), H: () => setShowsNumbers(!showsNumbers),
      " ": () => move(camera.scale > 1.01 ? FIT : zoomed(FIT, 4, 0, 0)), "+": () => move(zoomed(camera, 1.5, 0, 0)), "=": () => move(zoomed(camera, 1.5, 0, 0)), "-": () => move(zoomed(camera, 1 / 1.5, 0, 0)), "0": () => move(FIT),
    };
    const act = event.key === " " && target.matches("button, a") ? undefined : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const hasWorkflow = picture.workflow !== null || Boolean(picture.workflowsAt?.[index]);
  const job = jobOfAddress(picture.workflowsAt?.[index] ?? "");
  const stage = { camera, move };
  return (
    <div class="viewer" role="dialog" aria-modal="true" aria-label={other ? t("looking.against", { left: ref.filename, right: other.filename }) : ref.filename} tabIndex={-1} ref={dialog} onKeyDown={keyDown}>
      <div class="seen">
        {other ? <Compare left={ref} right={other} mode={mode} stage={stage} /> : <One reference={ref} stage={stage} channel={channel} showsNumbers={showsNumbers} />}
      </div>
      <footer>
        <button type="button" class="button quiet" aria-label={t("looking.previous")} disabled={index === 0} onClick={() => turn(-1)}>‹</button>
        <span class="name">{other ? `${ref.filename} | ${other.filename}` : ref.filename}{refs.length > 1 && !other && ` · ${t("times.position", { index: index + 1, n: refs.length })}`}</span>
        <button type="button" class="button quiet" aria-label={t("looking.next")} disabled={index === refs.length - 1} onClick={() => turn(1)}>›</button>
        {isStill(ref) && refs.length > 1 && <button type="button" class="button quiet" aria-pressed={other !== null} title="C" onClick={compare}>{t("looking.compare")}</button>}
        {other && (
          <select aria-label={t("looking.how")} value={mode} onChange={({ currentTarget }) => setMode(currentTarget.value as CompareMode)}>
            <option value="slider">{t("looking.slider")}</option><option value="side">{t("looking.side")}</option>
          </select>
        )}
        {isStill(ref) && !other && (
          <>
            <button type="button" class="button quiet" aria-pressed={showsNumbers} title="H" onClick={() => setShowsNumbers(!showsNumbers)}>{t("looking.histogram")}</button>
            <select aria-label={t("looking.channels")} value={channel} onChange={({ currentTarget }) => setChannel(currentTarget.value as Channel)}>
              <option value="">{t("looking.colorsAndMask")}</option><option value="rgb">{t("looking.colors")}</option><option value="a">{t("looking.mask")}</option>
            </select>
          </>
        )}
        {job !== null && <button type="button" class="button quiet" title={t("times.where")} onClick={() => { close(); timedJob.value = job; }}>{t("times.times")}</button>}
        {hasWorkflow && <button type="button" class="button quiet" onClick={() => void openWorkflow(editor, picture, ref.filename)}>{t("looking.openWorkflow")}</button>}
        {canBeBare(ref.filename) && !other && (
          <button type="button" class="button quiet" title={t("sharing.bareSays")} onClick={() => void import("../sharing/exporting").then(({ downloadBare }) => downloadBare(editor, ref))}>{t("sharing.bare")}</button>
        )}
        <a class="button quiet" href={viewUrl(ref)} download={ref.filename}>{t("looking.download")}</a>
        <button type="button" class="icon-button" aria-label={t("common.close")} onClick={close}><CloseIcon /></button>
      </footer>
    </div>
  );
}
