/** Which component edits which kind of widget? */

import { ChoiceWidget, ImageWidget } from "./choice";
import { MarkdownWidget } from "./markdown";
import { NumberWidget } from "./number";
import { StringWidget, TextWidget } from "./text";
import { ControlWidget, ToggleWidget } from "./toggle";
import { OwnFallback } from "./own";
import { registerWidget } from "./widget";

export function registerBuiltInWidgets(): void {
  registerWidget("number", NumberWidget);
  registerWidget("choice", ChoiceWidget);
  registerWidget("image", ImageWidget);
  registerWidget("text", TextWidget);
  registerWidget("markdown", MarkdownWidget);
  registerWidget("string", StringWidget);
  registerWidget("toggle", ToggleWidget);
  registerWidget("control", ControlWidget);
  registerWidget("own", OwnFallback);
}
