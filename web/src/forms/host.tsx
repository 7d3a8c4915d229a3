/** Is a form being made? What shows it is fetched when it is wanted for the first time. */

import { useEffect } from "preact/hooks";
import type { Editor } from "../editor";
import { useLater } from "../panels/gallery";
import { showsForm } from "./shown";

/** As in forms.css. */
const WIDTH = 392;
const PHONE = 720;

export function FormHost({ editor }: { editor: Editor }) {
  const isShown = showsForm.value;
  const Panel = useLater<{ editor: Editor }>(editor, isShown, async () => (await import("./panel")).FormPanel);
  const { showsGallery } = editor.ui;
  const besides = showsGallery.peek() ? editor.stage.insets.right : 0;
  editor.stage.insets = { ...editor.stage.insets, right: isShown && innerWidth > PHONE ? WIDTH : besides };
  const hasGallery = showsGallery.value;
  useEffect(() => {
    if (isShown) showsGallery.value = false; // they have the same place
  }, [isShown]);
  useEffect(() => {
    if (hasGallery) showsForm.value = false;
  }, [hasGallery]);
  return isShown && Panel ? <Panel editor={editor} /> : null;
}
