/** An address that can be looked at and copied. */

import type { Editor } from "../editor";
import { t } from "../words";

async function copy(editor: Editor, address: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(address);
    editor.ui.tell(t("formPanel.copied"));
  } catch {
    editor.ui.tell(t("formPanel.copyFails"), "error"); // no permission, or plain http from another machine
  }
}

export function Address({ editor, label, path }: { editor: Editor; label: string; path: string }) {
  const address = new URL(path, location.href).href;
  return (
    <div class="form-address">
      <label>{label}<input readOnly value={address} onFocus={({ currentTarget }) => currentTarget.select()} /></label>
      <button type="button" class="button" onClick={() => void copy(editor, address)}>{t("formPanel.copy")}</button>
    </div>
  );
}
