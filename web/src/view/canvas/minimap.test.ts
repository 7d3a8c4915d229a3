import { expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { toScreen } from "./camera";
import { cameraAt, mapPlace, worldOf } from "./minimap";

it("a point of the map is brought to the middle of the screen", () => {
  const world = worldOf(openDocument())!;
  const place = mapPlace(world, 200, 130);
  const corners = [[world.x, world.y], [world.x + world.width, world.y + world.height]].map(([x, y]) => [x! * place.scale + place.x, y! * place.scale + place.y]);
  for (const [x, y] of corners) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(200);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(130);
  }
  const camera = cameraAt(place, [corners[1]![0]!, corners[1]![1]!], { x: 0, y: 0, scale: 0.5 }, 1000, 600);
  const [x, y] = toScreen(camera, [world.x + world.width, world.y + world.height]);
  expect(camera.scale).toBe(0.5);
  expect(x).toBeCloseTo(500);
  expect(y).toBeCloseTo(300);
});
