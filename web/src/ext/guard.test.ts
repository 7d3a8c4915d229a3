/** What an extension's code may do wrong is caught where it is called, counted, and ends in its being switched off. */

import { beforeEach, expect, test, vi } from "vitest";
import { Guard, SLOW_MS, type SlowCall, type Trouble } from "./guard";

let troubles: Trouble[] = [];
let slow: SlowCall[] = [];
let exhausted: string[] = [];
let guard: Guard;

beforeEach(() => {
  troubles = [];
  slow = [];
  exhausted = [];
  guard = new Guard({ failed: (trouble) => troubles.push(trouble), slow: (call) => slow.push(call), exhausted: (why) => exhausted.push(why) });
});

const fail = (): never => {
  throw new TypeError("no");
};

test("what works is passed on, what throws gives the fallback and is told", () => {
  expect(guard.call("a", () => 3, 0)).toBe(3);
  expect(guard.call("b", fail, 7)).toBe(7);
  expect(troubles).toMatchObject([{ what: "b", message: "TypeError: no", count: 1 }]);
  guard.call("b", fail, 7);
  expect(guard.troubles.value).toMatchObject([{ what: "b", count: 2 }]);
});

test("what is thrown that is no error, and what is rejected later, is told as well", async () => {
  guard.call("a", () => { throw null; }, 0);
  await guard.call("b", () => Promise.reject(new Error("later")), undefined)?.catch(() => undefined);
  guard.call<PromiseLike<void> | undefined>("c", () => ({ then: (_: unknown, no: (error: unknown) => void) => no("thenable") }) as never, undefined);
  expect(troubles.map(({ what, message }) => [what, message])).toEqual([["a", "null"], ["b", "later"], ["c", "thenable"]]);
});

test("calls without end are cut off, also where each calls itself twice, and work again afterwards", () => {
  let calls = 0;
  const twice = (): number => guard.call("recursion", () => {
    calls += 1;
    return twice() + twice();
  }, 1);
  twice();
  expect(calls).toBeLessThan(40);
  expect(troubles).toHaveLength(1);
  expect(troubles[0]!.message).toContain("calls itself without end");
  expect(guard.call("later", () => "fine", "")).toBe("fine");
});

test("a drawing callback is given up after 5 failures, others after 50, and only once", () => {
  for (let time = 0; time < 9; time++) guard.call("its decoration", fail, null, "drawing");
  expect(exhausted).toEqual(["its decoration failed 5 times"]);
  for (let time = 0; time < 60; time++) guard.call("its listener", fail, null);
  expect(exhausted).toHaveLength(2);
});

test("once it is closed nothing but what cleans up is called", () => {
  const called = vi.fn();
  guard.isOpen = false;
  guard.call("a", called, undefined);
  expect(called).not.toHaveBeenCalled();
  guard.cleanUp("b", called);
  guard.cleanUp("c", fail);
  expect(called).toHaveBeenCalledOnce();
  expect(troubles).toMatchObject([{ what: "c" }]);
});

test("slow calls are named with their worst time; what is nested counts for the outermost", () => {
  const clock = vi.spyOn(performance, "now");
  let now = 0;
  clock.mockImplementation(() => now);
  const take = (ms: number) => guard.call("outer", () => guard.call("inner", () => (now += ms), 0), 0);
  take(SLOW_MS);
  expect(slow).toEqual([]);
  take(SLOW_MS + 1);
  take(200);
  take(90);
  expect(guard.slowCalls.value).toEqual([{ what: "outer", worstMs: 200, count: 3 }]);
  clock.mockRestore();
});
