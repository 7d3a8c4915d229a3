/** How does the user go from one open workflow to another, and close one? */

import type { Editor } from "../editor";
import type { Document } from "../model/document";
import { t } from "../words";

/** Closes a tab; asks first where its changes are not saved. */
export async function closeDocument(editor: Editor, document: Document): Promise<void> {
  if (!document.isDirty || confirm(t("workflows.confirmClose", { name: document.name.value }))) await editor.close(document);
}

/** Shows the tab `by` places further on; behind the last comes the first. */
export function turnTabs(editor: Editor, by: number): void {
  const documents = editor.documents.peek();
  const index = documents.indexOf(editor.active.peek()!);
  editor.activate(documents[(index + by + documents.length) % documents.length]!);
}
