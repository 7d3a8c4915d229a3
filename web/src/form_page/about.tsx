/** What the author says of the form, in Markdown. Fetched where something is said. */

import { readMarkdown } from "../model/markdown";
import { Blocks } from "../view/dom/markdown_blocks";

export const About = ({ text }: { text: string }) => <div class="form-about"><Blocks blocks={readMarkdown(text)} /></div>;
