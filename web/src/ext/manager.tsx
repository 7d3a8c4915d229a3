/** Which extensions are there, how are they, and which are switched off? */

import type { Editor } from "../editor";
import { Dialog } from "../panels/dialogs";
import type { ExtensionHost } from "./host";
import type { Phase, RunningExtension } from "./running";

const PHASES: Record<Phase, string> = {
  off: "Switched off", held: "Not started", starting: "Starting…", active: "Runs", failed: "Could not start", stopped: "Was stopped",
};

function Row({ host, extension }: { host: ExtensionHost; extension: RunningExtension }) {
  const phase = extension.phase.value;
  const isOn = phase === "active" || phase === "starting";
  const name = extension.name.value;
  const { troubles, slowCalls } = extension.guard;
  return (
    <li class="extension-row">
      <button type="button" role="switch" aria-checked={isOn} aria-label={`${name} of ${extension.module.pack}`} onClick={() => void host.turn(extension, !isOn)}><span class="switch" /></button>
      <div>
        <strong>{name}</strong> <span class="muted">{extension.version.value && `${extension.version.value} · `}pack {extension.module.pack} · {extension.module.file}</span>
        <p class={`extension-phase is-${phase}`}>{PHASES[phase]}{extension.why.value && `: ${extension.why.value}`}</p>
        {slowCalls.value.map((call) => <p key={call.what} class="muted">Slow: {call.what} took up to {Math.round(call.worstMs)} ms ({call.count} ×)</p>)}
        {troubles.value.length > 0 && (
          <details><summary>{troubles.value.length === 1 ? "One failure" : `${troubles.value.length} failures`}</summary>
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
    <Dialog editor={editor} title="Extensions" focuses="dialog">
      <p class="muted">Packs bring them for the editor. They run with the rights of this page: switch on what you trust. Where the editor does not work any more, open it with <code>?extensions=off</code>.</p>
      {host.isSafe && <p class="extension-safe" role="status">This is a safe start: no extension was started. <a href={location.pathname}>Open the editor with extensions</a></p>}
      <ul class="extension-list">{all.map((extension) => <Row key={extension.id} host={host} extension={extension} />)}</ul>
      {all.length === 0 && <p class="nothing">No pack brings an extension for this editor.</p>}
    </Dialog>
  );
}
