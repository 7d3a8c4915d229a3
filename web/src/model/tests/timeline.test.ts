import { describe, expect, it } from "vitest";
import { readableBytes, readableSeconds } from "../../words/format";
import { bars, span, type Timeline } from "../timeline";

const at = (node_id: string, start: number, seconds: number) => ({ node_id, node_type: `Type${node_id}`, start_time: 1_700_000_000_000 + start, seconds });
const timeline: Timeline = { nodes: [at("1", 0, 0.5), at("2", 500, 3), at("3", 3500, 0.25), at("2", 3750, 0.25)], cached: ["9"], memory_bytes: 1, device_bytes: 0 };

describe("the times of a job", () => {
  it("are bars in the order of time, calls of one node together", () => {
    expect(span(timeline)).toBe(4);
    const found = bars(timeline, "time");
    expect(found.map((bar) => [bar.node, bar.start, bar.width, bar.calls])).toEqual([["1", 0, 0.125, 1], ["2", 0.125, 0.875, 2], ["3", 0.875, 0.0625, 1]]);
    expect(found.reduce((sum, bar) => sum + bar.share, 0)).toBeCloseTo(1);
  });
  it("are bars with the slowest first", () => {
    expect(bars(timeline, "slowest").map((bar) => bar.node)).toEqual(["2", "1", "3"]);
    expect(bars(timeline, "slowest")[0]!.seconds).toBe(3.25);
  });
  it("may be none", () => {
    const cached = { ...timeline, nodes: [] };
    expect(span(cached)).toBe(0);
    expect(bars(cached, "time")).toEqual([]);
  });
  it("are written as people read them", () => {
    expect([0, 0.0004, 0.0031, 0.9996, 12.34, 59.97, 125, 7325].map(readableSeconds)).toEqual(["0 ms", "< 1 ms", "3 ms", "1.00 s", "12.3 s", "1 min 0 s", "2 min 5 s", "2 h 2 min"]);
    expect([0, 512, 2048, 20 * 2 ** 20, 3.5 * 2 ** 30].map(readableBytes)).toEqual(["0 bytes", "512 bytes", "2.0 KiB", "20 MiB", "3.5 GiB"]);
  });
});
