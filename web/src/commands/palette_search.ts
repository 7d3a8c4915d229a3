/** Which commands fit what was typed? */

import { fuzzyScore } from "../model/fuzzy";
import type { Command } from "./registry";
import { heading, said } from "./words";

/** The commands that fit what was typed, best first; with nothing typed the recent ones, then the possible ones. */
export function findCommands(commands: readonly Command[], query: string, recent: readonly string[], isPossible: (command: Command) => boolean): Command[] {
  const typed = query.trim();
  const place = (command: Command): number => (recent.includes(command.id) ? recent.length - recent.indexOf(command.id) : 0);
  const points = (command: Command): number => {
    if (typed === "") return 1 + (place(command) > 0 ? 100 + place(command) : 0) + (isPossible(command) ? 10 : 0);
    const name = fuzzyScore(typed, said(command.label));
    const best = Math.max(name, fuzzyScore(typed, `${heading(command.group)} ${said(command.label)}`) / 2, fuzzyScore(typed, command.keywords ?? "") / 2);
    return best < Math.min(12, typed.length * 4) ? 0 : best + 20 * Math.sign(place(command)) - (isPossible(command) ? 0 : 200);
  };
  return commands.filter((command) => !command.hidden).map((command) => ({ command, score: points(command) })).filter(({ score }) => score !== 0)
    .sort((a, b) => b.score - a.score).map(({ command }) => command);
}
