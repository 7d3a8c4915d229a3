/** How is a component kept from being drawn again for the same props? Without preact/compat. */

import { Component, h, type FunctionComponent } from "preact";

/** Draws `view` again only when a prop changed (or a signal that it reads). */
export function memo<P extends object>(view: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = this.props as Record<string, unknown>;
      return Object.entries(next).some(([name, value]) => before[name] !== value);
    }
    override render(props: P) {
      return h(view, props);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
