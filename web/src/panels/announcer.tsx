/** What should be heard? How runs go, said to screen readers without taking the keyboard. */

import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Editor } from "../editor";
import { findNode } from "../model/levels";
import { t } from "../words";

/** Nodes that begin sooner after one another are not all said. */
const PAUSE_MS = 2500;

/** What is to be said of the runs now; null where that is what was said before. */
function watchRuns(editor: Editor, say: (text: string) => void): () => void {
  let wasRunning = false;
  let last = 0;
  let failures = 0;
  return effect(() => {
    const isRunning = editor.isRunning.value;
    const workflow = editor.documents.value.find((entry) => entry.runningNode.value !== null);
    const key = workflow?.runningNode.value;
    const errors = editor.active.value?.errors.value ?? [];
    if (errors.length > failures) say(t("run.problems", { n: errors.length, what: errors.map((error) => `${error.title}. ${error.message}`).join(" ") }));
    else if (isRunning && !wasRunning) say(t("run.begins"));
    else if (!isRunning && wasRunning && errors.length === 0) say(t("run.isDone"));
    else if (workflow && key && performance.now() - last > PAUSE_MS) {
      const found = findNode(workflow.root, key);
      if (found) say(t("run.runningNode", { node: found.graph.title(found.node) }));
    } else {
      [wasRunning, failures] = [isRunning, errors.length];
      return;
    }
    [wasRunning, failures, last] = [isRunning, errors.length, performance.now()];
  });
}

export function Announcer({ editor }: { editor: Editor }) {
  const [text, setText] = useState("");
  useEffect(() => watchRuns(editor, setText), []);
  return <div class="visually-hidden" role="status" aria-live="polite" aria-label={t("run.runs")}>{text}</div>;
}
