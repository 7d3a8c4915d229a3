/** Which extensions are there, how are they, and which are switched off? */

import type { Editor } from "../editor";
import { t } from "../words";
import { Dialog } from "../panels/dialogs";
import type { ExtensionHost } from "./host";
import type { RunningExtension } from "./running";

function Row({ host, extension }: { host: ExtensionHost; extension: RunningExtension }) {
  const phase = extension.phase.value;
  const isOn = phase === "active" || phase === "starting";
  const name = extension.name.value;
  const { troubles, slowCalls } = extension.guard;
  return (
    <li class="extension-row">
      <button type="button" role="switch" aria-checked={isOn} aria-label={t("extensions.ofPack", { name, pack: extension.module.pack })} onClick={() => void host.turn(extension, !isOn)}><span class="switch" /></button>
      <div>
        <strong>{name}</strong> <span class="muted">{extension.version.value && `${extension.version.value} · `}{t("extensions.origin", extension.module)}</span>
        <p class={`extension-phase is-${phase}`}>{t(`extensions.${phase}`)}{extension.why.value && `: ${extension.why.value}`}</p>
        {slowCalls.value.map((call) => <p key={call.what} class="muted">{t("extensions.slowCall", { what: call.what, ms: Math.round(call.worstMs), times: call.count })}</p>)}
        {troubles.value.length > 0 && (
          <details><summary>{t("extensions.failures", { n: troubles.value.length })}</summary>
            {troubles.value.map((trouble) => (
              <div key={`${trouble.what} ${trouble.message}`} class="problem"><p>{trouble.what}: {trouble.message}{trouble.count > 1 && ` (${trouble.count} ×)`}</p>{trouble.stack && <pre>{trouble.stack}</pre>}</div>
            ))}
          </details>
        )}
      </div>
    </li>
  );
}

export function Manager({ editor, host }: { editor: Editor; host: ExtensionHost }) {
  const all = host.extensions.value;
  return (
    <Dialog editor={editor} title={t("extensions.title")} focuses="dialog">
      <p class="muted">{t("extensions.about", { address: "?extensions=off" })}</p>
      {host.isSafe && <p class="extension-safe" role="status">{t("extensions.isSafe")} <a href={location.pathname}>{t("extensions.leaveSafe")}</a></p>}
      <ul class="extension-list">{all.map((extension) => <Row key={extension.id} host={host} extension={extension} />)}</ul>
      {all.length === 0 && <p class="nothing">{t("extensions.none")}</p>}
    </Dialog>
  );
}
