/** Where did a job's time go? The times of its nodes as bars. */

export interface NodeTime {
  readonly node_id: string;
  readonly node_type: string;
  /** Milliseconds since 1970. */
  readonly start_time: number;
  readonly seconds: number;
}
export interface Timeline {
  readonly nodes: readonly NodeTime[];
  readonly cached: readonly string[];
  /** Main memory of the worker at the end; 0 where it is not known. */
  readonly memory_bytes: number;
  readonly device_bytes: number;
}

export type Order = "time" | "slowest";

export interface Bar {
  readonly node: string;
  readonly type: string;
  readonly seconds: number;
  /** Of the seconds of all nodes, 0 to 1. */
  readonly share: number;
  /** Where it begins and how wide it is, in parts of the whole run, 0 to 1. */
  readonly start: number;
  readonly width: number;
  /** How often the node was called. */
  readonly calls: number;
}

/** From the first start to the last end, in seconds. */
export function span({ nodes }: Timeline): number {
  if (nodes.length === 0) return 0;
  const first = Math.min(...nodes.map((node) => node.start_time));
  return Math.max(...nodes.map((node) => (node.start_time - first) / 1000 + node.seconds));
}

/** One bar for each node that ran; a node that was called several times has one, from its first start to its last end. */
export function bars(timeline: Timeline, order: Order): Bar[] {
  const whole = span(timeline) || 1;
  const first = Math.min(...timeline.nodes.map((node) => node.start_time));
  const calls = new Map<string, NodeTime[]>();
  for (const node of timeline.nodes) calls.set(node.node_id, [...(calls.get(node.node_id) ?? []), node]);
  const total = timeline.nodes.reduce((sum, node) => sum + node.seconds, 0) || 1;
  const found = [...calls].map(([node, times]): Bar => {
    const starts = times.map((time) => (time.start_time - first) / 1000);
    const end = Math.max(...times.map((time, index) => starts[index]! + time.seconds));
    const seconds = times.reduce((sum, time) => sum + time.seconds, 0);
    const start = Math.min(...starts);
    return { node, type: times[0]!.node_type, seconds, share: seconds / total, start: start / whole, width: (end - start) / whole, calls: times.length };
  });
  return found.sort(order === "slowest" ? (a, b) => b.seconds - a.seconds : (a, b) => a.start - b.start);
}
