/** How does read Markdown look? Elements of the page, never HTML from the text. */

import type { VNode } from "preact";
import type { Block, Inline } from "../../model/markdown";

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
