/** A note in Markdown: read as it is meant, written as it is typed after a double click. */

import { useRef, useState } from "preact/hooks";
import { readMarkdown } from "../../../model/markdown";
import { t } from "../../../words";
import { Blocks } from "../markdown_blocks";
import { TextWidget } from "./text";
import type { WidgetProps } from "./widget";

export function MarkdownWidget(props: WidgetProps) {
  const [isWriting, setWriting] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const text = String(props.value ?? "");
  if (isWriting || text.trim() === "")
    return (
      <div class="markdown-source" ref={(element) => { if (isWriting && element && !element.contains(document.activeElement)) element.querySelector("textarea")?.focus(); }}
        onFocusOut={() => { props.commit(); setWriting(false); }} onFocusIn={() => setWriting(true)}>
        <TextWidget {...props} />
      </div>
    );
  return (
    <div class="markdown" ref={root} tabIndex={0} title={t("node.noteHint")} aria-label={t("node.note")}
      onDblClick={() => setWriting(true)} onKeyDown={(event) => { if (event.key === "Enter" && event.target === event.currentTarget) { event.preventDefault(); event.stopPropagation(); setWriting(true); } }}>
      <Blocks blocks={readMarkdown(text)} />
    </div>
  );
}
