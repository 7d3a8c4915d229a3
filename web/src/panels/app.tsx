/** How is the page put together? */

import type { Editor } from "../editor";
import { overlay } from "../ext/contributions";
import type { PointerMachine } from "../interaction/pointer";
import { GroupName } from "../interaction/group_name";
import { TouchTools } from "../interaction/touch_tools";
import { Viewport } from "../interaction/viewport";
import { FormHost } from "../forms/host";
import { LibraryHost } from "../library/host";
import { Announcer } from "./announcer";
import { Breadcrumb } from "./breadcrumb";
import { Dialogs } from "./dialogs";
import { EmptyOffer } from "./empty_offer";
import { Gallery, MaskEditorHost, OutlineHost, PictureViewer, RegionsHost } from "./gallery";
import { Choice, ContextMenu, ErrorPanel, Toasts } from "./popups";
import { Minimap } from "./minimap";
import { Search } from "./search";
import { SweepHost, TimesHost } from "../running/hosts";
import { StatusStrip } from "./status_strip";
import { TopBar } from "./top_bar";

export function App({ editor, machine }: { editor: Editor; machine: PointerMachine }) {
  const Extensions = overlay.value;
  return (
    <>
      <Viewport editor={editor} machine={machine} />
      <EmptyOffer editor={editor} />
      <TopBar editor={editor} />
      <Breadcrumb editor={editor} />
      <Minimap editor={editor} />
      <GroupName editor={editor} />
      <TouchTools editor={editor} />
      <ErrorPanel editor={editor} />
      <OutlineHost editor={editor} />
      <LibraryHost editor={editor} />
      <Gallery editor={editor} />
      <FormHost editor={editor} />
      <SweepHost editor={editor} />
      <TimesHost editor={editor} />
      <StatusStrip editor={editor} />
      <Search editor={editor} />
      <Choice editor={editor} />
      <ContextMenu editor={editor} />
      <Dialogs editor={editor} />
      <PictureViewer editor={editor} />
      <MaskEditorHost editor={editor} />
      <RegionsHost editor={editor} />
      {Extensions && <Extensions editor={editor} />}
      <Toasts editor={editor} />
      <Announcer editor={editor} />
    </>
  );
}

/** While the server does not answer. */
export function Waiting({ message }: { message: string }) {
  return <main class="waiting"><img src="./icon.svg" alt="" width="56" height="56" /><p>{message}</p></main>;
}
