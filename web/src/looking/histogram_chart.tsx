/** How are the values of a picture spread? One line each for red, green and blue. */

import { useMemo } from "preact/hooks";
import { t } from "../words";
import { digits } from "../words/format";
import { outline, topOf, type Pixels } from "./pixels";

const HEIGHT = 90;
const CHANNELS = [["red", "#ff6b6b"], ["green", "#5fd38a"], ["blue", "#7aa5ff"]] as const;

export function HistogramChart({ pixels }: { pixels: Pixels }) {
  const found = useMemo(() => pixels.histogram(), [pixels]);
  const top = topOf(found);
  const means = CHANNELS.map(([name], channel) => `${t(`looking.${name}`)} ${digits(found.means[channel]!, 1)}`).join(", ");
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 255 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={t("looking.histogramMeans", { means })}>
        {CHANNELS.map(([name, colour], channel) => <polygon key={name} points={outline(found.counts[channel]!, top, HEIGHT)} fill={colour} fill-opacity="0.35" stroke={colour} stroke-width="1" vector-effect="non-scaling-stroke" />)}
      </svg>
      <figcaption>{t("looking.means", { means })}</figcaption>
    </figure>
  );
}
