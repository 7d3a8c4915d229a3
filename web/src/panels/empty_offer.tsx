/** What is offered where a workflow has no nodes? */

import type { Editor } from "../editor";
import { PlusIcon, TemplateIcon } from "../view/icons";
import { t } from "../words";

export function EmptyOffer({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  void document?.revision.value;
  if (!document || document.path.value.length > 0 || document.root.nodes.size > 0) return null;
  return (
    <section class="empty-offer" aria-label={t("templates.emptyTitle")}>
      <h2>{t("templates.emptyTitle")}</h2>
      <p class="muted">{t("templates.emptyHint")}</p>
      <div class="empty-buttons">
        <button type="button" class="button run" onClick={() => (editor.ui.dialog.value = "templates")}><TemplateIcon />{t("templates.title")}</button>
        <button type="button" class="button" onClick={() => editor.offerNodesInMiddle()}><PlusIcon />{t("templates.addNode")}</button>
      </div>
    </section>
  );
}
