/** Where do panels and dialogs of extensions appear? One side panel at a time, and the page's one dialog. */

import { effect, signal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Editor } from "../editor";
import { Dialog } from "../panels/dialogs";
import { CloseIcon } from "../view/icons";
import { t } from "../words";
import { Manager } from "./manager";
import type { ExtensionHost } from "./host";
import type { RunningExtension } from "./running";
import type { DialogHandle, PanelHandle, PanelRegistration } from "./weft_extension";

/** What the mount of a place gives: nothing, or a clean-up. */
type Mounted = ReturnType<PanelRegistration["mount"]>;

/** As in extensions.css. */
const WIDTH = 336;
const PHONE = 720;

interface Panel {
  readonly extension: RunningExtension;
  readonly registration: PanelRegistration;
  readonly handle: PanelHandle;
}
interface OpenDialog {
  readonly extension: RunningExtension;
  readonly title: string;
  readonly mount: (element: HTMLElement) => Mounted;
}

/** A part of the page that an extension fills. */
function Place({ extension, what, mount }: { extension: RunningExtension; what: string; mount: (element: HTMLElement) => Mounted }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = element.current!;
    const end = extension.guard.call(what, () => mount(place), undefined);
    return () => {
      if (typeof end === "function") extension.guard.cleanUp(t("extensions.endOf", { what }), end);
    };
  }, []);
  return <div class="extension-place" ref={element} data-extension={extension.id} />;
}

export class Surfaces {
  readonly panels: Signal<readonly Panel[]> = signal([]);
  readonly open: Signal<Panel | null> = signal(null);
  readonly dialog: Signal<OpenDialog | null> = signal(null);

  constructor(private readonly editor: Editor) {
    // results and an extension's panel want the same side of the page
    effect(() => {
      if (editor.ui.showsGallery.value) this.open.value = null;
    });
    effect(() => {
      if (editor.ui.dialog.value !== "extension") this.dialog.value = null;
    });
  }

  addPanel(extension: RunningExtension, registration: PanelRegistration): PanelHandle {
    if (this.panels.peek().some((panel) => panel.extension === extension && panel.registration.id === registration.id))
      throw new Error(`there is a panel ${registration.id} already`);
    const isMine = (panel: Panel | null): boolean => panel?.handle === handle;
    const close = (): void => {
      if (isMine(this.open.peek())) this.open.value = null;
    };
    const open = (): void => {
      const mine = this.panels.peek().find(isMine);
      if (!mine) return;
      this.editor.ui.showsGallery.value = false;
      this.open.value = mine;
    };
    const remove = extension.owns(() => {
      close();
      this.panels.value = this.panels.peek().filter((panel) => !isMine(panel));
    });
    const isOpen = (): boolean => isMine(this.open.peek());
    const handle: PanelHandle = {
      open, close, remove,
      get isOpen() {
        return isOpen();
      },
    };
    this.panels.value = [...this.panels.peek(), { extension, registration, handle }];
    extension.owns(this.editor.commands.add({
      id: `${extension.id}:panel:${registration.id}`, label: registration.title, group: "Panels", checked: () => isMine(this.open.value), run: () => (isOpen() ? close() : open()),
    }));
    return handle;
  }

  openDialog(extension: RunningExtension, title: string, mount: (element: HTMLElement, dialog: DialogHandle) => Mounted): DialogHandle {
    let resolve = (): void => undefined;
    const closed = new Promise<void>((done) => (resolve = done));
    const isMine = (): boolean => this.dialog.peek() === dialog;
    const close = (): void => {
      if (isMine()) this.editor.ui.dialog.value = null;
    };
    const handle: DialogHandle = { close, closed };
    const dialog: OpenDialog = { extension, title, mount: (element) => mount(element, handle) };
    this.editor.ui.dialog.value = null; // another dialog gives way, and hears of it
    this.dialog.value = dialog;
    this.editor.ui.dialog.value = "extension";
    const owned = extension.owns(close);
    const stop = effect(() => {
      if (this.dialog.value === dialog) return;
      queueMicrotask(() => {
        stop();
        owned();
      });
      resolve();
    });
    return handle;
  }
}

function SidePanel({ editor, panel: { extension, registration, handle } }: { editor: Editor; panel: Panel }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    root.current?.focus();
    const cover = (right: number): void => void (editor.stage.insets = { ...editor.stage.insets, right });
    cover(innerWidth > PHONE ? WIDTH : 0);
    return () => cover(0);
  }, []);
  return (
    <aside class="extension-panel" ref={root} tabIndex={-1} aria-label={registration.title}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        handle.close();
      }}>
      <header><h2>{registration.title}</h2><button type="button" class="icon-button" aria-label={t("extensions.close", { title: registration.title })} onClick={handle.close}><CloseIcon /></button></header>
      <Place extension={extension} what={t("extensions.panel", { name: registration.title })} mount={(element) => registration.mount(element, handle)} />
    </aside>
  );
}

/** What extensions show above the canvas, and the dialog that lists them. */
export function overlayOf(host: ExtensionHost, surfaces: Surfaces) {
  return function ExtensionOverlay({ editor }: { editor: Editor }) {
    const panel = surfaces.open.value;
    const dialog = surfaces.dialog.value;
    return (
      <>
        {panel && <SidePanel key={panel.registration.id + panel.extension.id} editor={editor} panel={panel} />}
        {dialog && editor.ui.dialog.value === "extension" && (
          <Dialog key={dialog.title} editor={editor} title={dialog.title} focuses="dialog">
            <Place extension={dialog.extension} what={t("extensions.dialog", { name: dialog.title })} mount={dialog.mount} />
          </Dialog>
        )}
        {editor.ui.dialog.value === "extensions" && <Manager editor={editor} host={host} />}
      </>
    );
  };
}
