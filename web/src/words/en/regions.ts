export const regions = {
  at: "{name}: {width} × {height} at {x}, {y}",
  fixed: "A link brings its sides",
  title: "Areas of prompts",
  howTo: "The picture is {width} × {height}. Drag an area or its corners; arrow keys move it, with Shift they change its size. All goes in steps of {cell}.",
} as const;
