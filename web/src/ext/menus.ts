/** What do extensions add to menus? Entries of context menus, and all that they offer in the top bar's own menu. */

import type { Editor } from "../editor";
import type { MenuItem } from "../panels/ui_state";
import { t } from "../words";
import { menuItems, topBarItems, type MenuTarget } from "./contributions";
import { groupInfo, linkInfo, nodeInfos } from "./infos";
import type { RunningExtension } from "./running";
import type { Surfaces } from "./surfaces";
import type { MenuRegistration, MenuTargets } from "./weft_extension";

type Place = keyof MenuTargets;

interface Entry {
  readonly extension: RunningExtension;
  readonly place: Place;
  readonly item: MenuRegistration<never>;
}

export class MenuRegistry {
  private readonly entries = new Set<Entry>();
  /** Commands of extensions, which the top bar's menu offers as well. */
  private readonly commands = new Set<{ readonly extension: RunningExtension; readonly id: string }>();

  constructor(private readonly editor: Editor, private readonly surfaces: Surfaces) {
    menuItems.value = (target) => this.contextItems(target);
  }

  /** From now on the top bar has the menu of extensions. */
  showInTopBar(): void {
    topBarItems.value = () => this.topBarItems();
  }

  add<P extends Place>(extension: RunningExtension, place: P, item: MenuRegistration<MenuTargets[P]>): () => void {
    const entry: Entry = { extension, place, item: item as MenuRegistration<never> };
    this.entries.add(entry);
    return extension.owns(() => this.entries.delete(entry));
  }

  addCommand(extension: RunningExtension, id: string): void {
    const entry = { extension, id };
    this.commands.add(entry);
    extension.owns(() => this.commands.delete(entry));
  }

  private itemsOf<P extends Place>(place: P, target: MenuTargets[P]): MenuItem[] {
    return [...this.entries].filter((entry) => entry.place === place).flatMap(({ extension: { guard }, item }) => {
      const what = t("extensions.menuEntry", { name: item.label });
      const isOffered = guard.call(what, () => item.when?.(target as never) ?? true, false);
      return isOffered ? [{ label: item.label, act: () => void guard.call(what, () => item.run(target as never), undefined) }] : [];
    });
  }

  private contextItems(target: MenuTarget): readonly MenuItem[] {
    const graph = this.editor.active.peek()?.graph;
    if (!graph || this.entries.size === 0) return [];
    switch (target.place) {
      case "canvas":
        return this.itemsOf("canvas", { at: target.at });
      case "node":
        return this.itemsOf("node", { nodes: nodeInfos(graph, target.nodes) });
      case "link": {
        const link = graph.links.get(target.link);
        return link ? this.itemsOf("link", { link: linkInfo(link) }) : [];
      }
      case "group": {
        const group = graph.groups.get(target.group);
        return group ? this.itemsOf("group", { group: groupInfo(group) }) : [];
      }
    }
  }

  private topBarItems(): readonly (MenuItem | null)[] {
    const panels = this.surfaces.panels.peek().map(({ registration, handle }): MenuItem => ({
      label: registration.title, checked: handle.isOpen, act: () => (handle.isOpen ? handle.close() : handle.open()),
    }));
    const entries = this.itemsOf("top-bar", {});
    const commands = [...this.commands].map(({ id }) => this.editor.commands.item(id));
    const all = [panels, entries, commands].filter((part) => part.length > 0).flatMap((part) => [...part, null]);
    return [...all, this.editor.commands.item("extensions.manage")];
  }
}
