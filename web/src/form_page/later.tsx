/** What few forms have is fetched when a form has it. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../words";

/** A component that is fetched when it is first shown; where that fails, a sentence stands in its place. */
export function later<P extends object>(fetched: () => Promise<ComponentType<P>>): ComponentType<P> {
  return (props: P) => {
    const [Component, setComponent] = useState<ComponentType<P> | null>(null);
    const [isLost, setLost] = useState(false);
    useEffect(() => void fetched().then((component) => setComponent(() => component), () => setLost(true)), []);
    if (isLost) return <p class="form-wrong" role="alert">{t("errors.noServer")}</p>;
    return Component ? <Component {...props} /> : null;
  };
}
