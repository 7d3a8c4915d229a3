/** Are times or sweeps looked at? What shows them is fetched when it is wanted for the first time. */

import type { Editor } from "../editor";
import { useLater } from "../panels/gallery";
import { showsSweep, timedJob } from "./shown";

export function TimesHost({ editor }: { editor: Editor }) {
  const id = timedJob.value;
  const Panel = useLater<{ editor: Editor; id: string }>(editor, id !== null, async () => (await import("./times_panel")).TimesPanel);
  return id !== null && Panel ? <Panel editor={editor} id={id} /> : null;
}

export function SweepHost({ editor }: { editor: Editor }) {
  const isShown = showsSweep.value;
  const Panel = useLater<{ editor: Editor }>(editor, isShown, async () => (await import("./sweep_panel")).SweepPanel);
  return isShown && Panel ? <Panel editor={editor} /> : null;
}
