/** Is the library looked at? What shows it is fetched when it is wanted for the first time. */

import { useEffect } from "preact/hooks";
import type { Editor } from "../editor";
import { useLater } from "../panels/gallery";
import { shownHalf } from "./shown";

/** As in library.css. */
const WIDTH = 348;
const PHONE = 720;

export function LibraryHost({ editor }: { editor: Editor }) {
  const isShown = shownHalf.value !== null;
  const Panel = useLater<{ editor: Editor }>(editor, isShown, async () => (await import("./panel")).LibraryPanel);
  editor.stage.insets = { ...editor.stage.insets, left: isShown && innerWidth > PHONE ? WIDTH : 0 };
  const showsOutline = editor.ui.showsOutline.value;
  useEffect(() => {
    if (isShown) editor.ui.showsOutline.value = false; // they have the same place
  }, [isShown]);
  useEffect(() => {
    if (showsOutline) shownHalf.value = null;
  }, [showsOutline]);
  return isShown && Panel ? <Panel editor={editor} /> : null;
}
