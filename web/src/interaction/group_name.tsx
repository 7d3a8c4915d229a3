/** How is a group named? In a field over its title, at a size that can be read at every scale. */

import type { Editor } from "../editor";
import { toScreen } from "../view/canvas/camera";
import { t } from "../words";

export function GroupName({ editor }: { editor: Editor }) {
  const id = editor.ui.renamingGroup.value;
  const document = editor.active.value;
  const group = id === null ? undefined : document?.graph.groups.get(id);
  if (!document || !group) return null;
  const { bounds, title } = group;
  const camera = document.camera.value;
  const [left, top] = toScreen(camera, [bounds.x, bounds.y]);
  const done = (text: string | null): void => {
    if (editor.ui.renamingGroup.peek() !== id) return; // it has been closed
    editor.ui.renamingGroup.value = null;
    if (text !== null && text.trim() !== title) document.edit("rename", [{ kind: "groupTitle", id: group.id, title: text.trim() }]);
  };
  return (
    <input class="group-name" key={id} defaultValue={title} aria-label={t("node.groupTitle")} style={{ left: `${left + 6}px`, top: `${top + 4}px`, width: `${Math.max(180, bounds.width * camera.scale - 12)}px` }}
      ref={(input) => { if (input && input !== window.document.activeElement) { input.focus(); input.select(); } }}
      onPointerDown={(event) => event.stopPropagation()} onBlur={(event) => done(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") done(null);
      }} />
  );
}
