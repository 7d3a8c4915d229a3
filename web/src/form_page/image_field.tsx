/** A picture is chosen, dropped, pasted, taken with the camera, and masked. */

import { useEffect, useState } from "preact/hooks";
import type { ComponentType } from "preact";
import { annotatedRef, reason, uploadImage, viewUrl } from "../api/http";
import { storeMask } from "../interaction/masks";
import type { MaskEditorProps } from "../panels/mask_editor/mask_editor";
import { BrushIcon, GalleryIcon, UploadIcon } from "../view/icons";
import type { FieldProps } from "./fields";
import { PickerDialog } from "./picker_dialog";
import { t } from "../words";

const pictureIn = (data: DataTransfer | null): File | undefined => [...(data?.files ?? [])].find((file) => file.type.startsWith("image/"));

function FileButton({ label, disabled, capture, take }: { label: string; disabled: boolean; capture?: "environment"; take: (file: File | undefined) => void }) {
  return (
    <label class={`form-button${capture ? " is-touch-only" : ""}`}>
      <UploadIcon />{label}
      <input class="visually-hidden" type="file" accept="image/*" capture={capture} disabled={disabled}
        onChange={(event) => {
          take(event.currentTarget.files?.[0]);
          event.currentTarget.value = ""; // the same file may be chosen again
        }} />
    </label>
  );
}

function useUpload({ page, set }: FieldProps) {
  const [state, setState] = useState<{ busy: boolean; problem: string }>({ busy: false, problem: "" });
  const upload = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setState({ busy: true, problem: "" });
    try {
      const { name } = await uploadImage(file);
      page.uploads.value = [...new Set([name, ...page.uploads.peek()])];
      set(name);
      setState({ busy: false, problem: "" });
    } catch (error) {
      setState({ busy: false, problem: t("formPage.uploadFails", { file: file.name, why: reason(error) }) });
    }
  };
  return { ...state, upload, fail: (problem: string) => setState({ busy: false, problem }) };
}

/** What paints masks is fetched when it is wanted for the first time. */
function MaskHost(props: MaskEditorProps) {
  const [Panel, setPanel] = useState<ComponentType<MaskEditorProps> | null>(null);
  useEffect(() => void import("./mask_painter").then(({ MaskEditor }) => setPanel(() => MaskEditor), () => {
    props.fail(t("formPage.maskFails"));
    props.close();
  }), []);
  return Panel && <Panel {...props} />;
}

export function ImageField(props: FieldProps) {
  const { page, place, value, set, id, describedBy } = props;
  const { busy, problem, upload, fail } = useUpload(props);
  const [isOver, setOver] = useState(false);
  const [isPicking, setPicking] = useState(false);
  const [isMasking, setMasking] = useState(false);
  const [lost, setLost] = useState<string | null>(null);
  const name = String(value ?? "");
  const ref = annotatedRef(name, place.spec.folder ?? "input");
  const choices = [...new Set([...page.uploads.value, ...(place.spec.choices ?? [])])];
  const isLost = lost === name;
  return (
    <div class={`form-image${isOver ? " is-over" : ""}`} id={id} role="group" aria-label={place.label} aria-describedby={describedBy} aria-busy={busy} tabIndex={-1}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
      onDrop={(event) => { event.preventDefault(); setOver(false); void upload(pictureIn(event.dataTransfer)); }}
      onPaste={(event) => void upload(pictureIn(event.clipboardData))}>
      <div class="form-picture">
        {name && !isLost ? <img src={viewUrl(ref)} alt={`${place.label}: ${name}`} onError={() => setLost(name)} /> : <span>{isLost ? t("formPage.pictureGone", { file: ref.filename }) : t("formPage.dropPicture")}</span>}
        {busy && <span class="form-busy" role="status">{t("formPage.uploading")}</span>}
      </div>
      <div class="form-row is-wrapping">
        <FileButton label={t("formPage.choosePicture")} disabled={busy} take={(file) => void upload(file)} />
        <FileButton label={t("formPage.takePhoto")} capture="environment" disabled={busy} take={(file) => void upload(file)} />
        {choices.length > 0 && <button type="button" class="form-button" onClick={() => setPicking(true)}><GalleryIcon />{t("formPage.onServer")}</button>}
        {name && !isLost && <button type="button" class="form-button" onClick={() => setMasking(true)}><BrushIcon />{t("formPage.mask")}</button>}
      </div>
      {problem && <p class="form-wrong" role="alert">{problem}</p>}
      {isPicking && <PickerDialog label={place.label} choices={choices} value={value} pick={set} close={() => setPicking(false)} />}
      {isMasking && <MaskHost picture={ref} save={async (png) => set(await storeMask(png, ref))} close={() => setMasking(false)} fail={fail} />}
    </div>
  );
}
