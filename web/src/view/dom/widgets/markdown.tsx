/** A note in Markdown: read as it is meant, written as it is typed after a double click. */

import { useRef, useState } from "preact/hooks";
import type { VNode } from "preact";
import { readMarkdown, type Block, type Inline } from "../../../model/markdown";
import { TextWidget } from "./text";
import type { WidgetProps } from "./widget";

function Part({ part }: { part: Inline }): VNode {
  switch (part.kind) {
    case "text":
      return <>{part.text}</>;
    case "code":
      return <code>{part.text}</code>;
    case "link":
      return <a href={part.href} target="_blank" rel="noopener noreferrer"><Parts parts={part.parts} /></a>;
    case "strong":
      return <strong><Parts parts={part.parts} /></strong>;
    case "em":
      return <em><Parts parts={part.parts} /></em>;
    case "del":
      return <del><Parts parts={part.parts} /></del>;
  }
}

const Parts = ({ parts }: { parts: readonly Inline[] }) => <>{parts.map((part, index) => <Part key={index} part={part} />)}</>;

function BlockView({ block }: { block: Block }): VNode {
  switch (block.kind) {
    case "heading":
      return <p class={`heading level-${block.level}`} role="heading" aria-level={block.level}><Parts parts={block.parts} /></p>;
    case "paragraph":
      return <p><Parts parts={block.parts} /></p>;
    case "code":
      return <pre>{block.text}</pre>;
    case "rule":
      return <hr />;
    case "quote":
      return <blockquote><Blocks blocks={block.blocks} /></blockquote>;
    case "list": {
      const items = block.items.map((item, index) => <li key={index} style={{ marginLeft: `${item.depth * 16}px` }}><Parts parts={item.parts} /></li>);
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

export const Blocks = ({ blocks }: { blocks: readonly Block[] }) => <>{blocks.map((block, index) => <BlockView key={index} block={block} />)}</>;

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
    <div class="markdown" ref={root} tabIndex={0} title="Double click to write" aria-label="Note; press Enter to write"
      onDblClick={() => setWriting(true)} onKeyDown={(event) => { if (event.key === "Enter" && event.target === event.currentTarget) { event.preventDefault(); event.stopPropagation(); setWriting(true); } }}>
      <Blocks blocks={readMarkdown(text)} />
    </div>
  );
}
