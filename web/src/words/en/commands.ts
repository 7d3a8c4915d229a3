export const commands = {
  fails: "{command} failed: {why}",
  on: "on",
  off: "off",
  find: "Find a command",
  whatToDo: "What do you want to do?",
  command: "Command",
  commands: "Commands",
  noneFits: "No command fits. Shorter words may help.",
} as const;
