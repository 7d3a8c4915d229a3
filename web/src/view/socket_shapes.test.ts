import { describe, expect, it } from "vitest";
import { definitions } from "../fixtures/definitions";
import { socketShape } from "./socket_shapes";

describe("shapes of sockets", () => {
  it("differ between the types that meet on the commonest nodes", () => {
    for (const types of [["MODEL", "CLIP", "VAE"], ["MODEL", "CONDITIONING", "LATENT", "IMAGE", "MASK"], ["IMAGE", "MASK", "VAE", "CONTROL_NET"], ["NOISE", "GUIDER", "SAMPLER", "SIGMAS", "LATENT"]])
      expect(new Set(types.map(socketShape)).size, types.join()).toBe(types.length);
  });

  it("are the same for a type wherever it stands, by the first of several, and a circle for anything", () => {
    expect(socketShape("IMAGE,MASK")).toBe(socketShape("image"));
    expect(socketShape("*")).toBe("circle");
    const types = [...new Set([...definitions.values()].flatMap((definition) => definition.outputs.map((output) => output.type)))];
    expect(types.filter((type) => socketShape(type) === undefined)).toEqual([]);
  });
});
