export const node = {
  group: "Group",
  linksLost: { one: "One link does not fit {node} and went. Undo brings all back.", other: "{n} links do not fit {node} and went. Undo brings all back." },
  groupTitle: "Title of the group",
  endFor: "end for {socket}",
  removeLinks: { one: "Remove the link", other: "Remove {n} links" },
  socketToConnect: "socket to connect",
  fromNode: ", from {node}",
  outputAt: "output {socket} ({number})",
  inputAt: "input {socket}",
  newNode: "A new node…",
} as const;
