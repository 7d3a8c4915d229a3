/** Which nodes are in the page? The list that the stage chose, each drawn on its own. */

import type { Editor } from "../../editor";
import { NodeView } from "./node_view";

export function NodeLayer({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  const ids = editor.stage.mounted.value;
  if (!document) return null;
  const level = document.path.value.join(":");
  return <>{ids.map((id) => <NodeView key={`${document.id} ${level} ${id}`} editor={editor} document={document} id={id} />)}</>;
}
