/** Are results looked at, or masks painted? What does it is fetched when it is wanted for the first time. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Editor } from "../editor";
import { saveMask } from "../interaction/masks";
import { t } from "../words";
import type { MaskEditorProps } from "./mask_editor/mask_editor";
import type { RegionsProps } from "./regions/regions";
import type { Picture } from "./ui_state";

/** As in looking.css. */
const WIDTH = 336;
const PHONE = 720;

/** A component of a part of the program that is loaded later; null until it is there. */
export function useLater<Props>(editor: Editor, isWanted: boolean, load: () => Promise<ComponentType<Props>>): ComponentType<Props> | null {
  const [component, setComponent] = useState<ComponentType<Props> | null>(null);
  useEffect(() => {
    if (isWanted && !component) load().then((found) => setComponent(() => found), () => editor.ui.tell(t("common.partFails"), "error"));
  }, [isWanted, component]);
  return component;
}

export function Gallery({ editor }: { editor: Editor }) {
  const isShown = editor.ui.showsGallery.value;
  const Panel = useLater<{ editor: Editor }>(editor, isShown, async () => (await import("../looking/panel")).GalleryPanel);
  editor.stage.insets = { ...editor.stage.insets, right: isShown && innerWidth > PHONE ? WIDTH : 0 };
  return isShown && Panel ? <Panel editor={editor} /> : null;
}

export function OutlineHost({ editor }: { editor: Editor }) {
  const isShown = editor.ui.showsOutline.value;
  const Panel = useLater<{ editor: Editor }>(editor, isShown, async () => (await import("./outline/outline")).Outline);
  return isShown && Panel ? <Panel editor={editor} /> : null;
}

export function PictureViewer({ editor }: { editor: Editor }) {
  const picture = editor.ui.picture.value;
  const Viewer = useLater<{ editor: Editor; picture: Picture }>(editor, picture !== null, async () => (await import("../looking/viewer")).Viewer);
  return picture && picture.refs[picture.index] && Viewer ? <Viewer editor={editor} picture={picture} /> : null;
}

export function MaskEditorHost({ editor }: { editor: Editor }) {
  const request = editor.ui.mask.value;
  const Panel = useLater<MaskEditorProps>(editor, request !== null, async () => (await import("./mask_editor/mask_editor")).MaskEditor);
  if (!request || !Panel) return null;
  return <Panel picture={request.ref} save={(png) => saveMask(editor, request, png)} close={() => (editor.ui.mask.value = null)} fail={(message) => editor.ui.tell(message, "error")} />;
}

export function RegionsHost({ editor }: { editor: Editor }) {
  const request = editor.ui.regions.value;
  const Panel = useLater<RegionsProps>(editor, request !== null, async () => (await import("./regions/regions")).Regions);
  return request && Panel ? <Panel editor={editor} {...request} /> : null;
}
