/** How is a result shown that is no still picture? Films and sound play, latents show their channels, texts are read. */

import { useEffect, useRef, useState } from "preact/hooks";
import { reason } from "../api/http";
import { t } from "../words";
import { readLatent, type Channel, type LatentFile } from "./latent";

const LONGEST_TEXT = 100_000;

export const Film = ({ url, name }: { url: string; name: string }) => <video class="film" src={url} controls autoPlay loop aria-label={name} />;
export const Sound = ({ url, name }: { url: string; name: string }) => <div class="sound"><p>{name}</p><audio src={url} controls aria-label={name} /></div>;

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(t("looking.serverAnswered", { status: response.status }));
  return response;
}

function useFile<T>(url: string, read: (response: Response) => Promise<T>): { found: T | null; problem: string } {
  const [state, setState] = useState<{ found: T | null; problem: string }>({ found: null, problem: "" });
  useEffect(() => {
    let isOld = false;
    setState({ found: null, problem: "" });
    fetched(url).then(read).then((found) => { if (!isOld) setState({ found, problem: "" }); }, (error: unknown) => { if (!isOld) setState({ found: null, problem: reason(error) }); });
    return () => { isOld = true; };
  }, [url]);
  return state;
}

function ChannelPicture({ channel, number }: { channel: Channel; number: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(channel.width, channel.height);
    channel.grey.forEach((value, pixel) => image.data.set([value, value, value, 255], pixel * 4));
    context.putImageData(image, 0, 0);
  }, [channel]);
  const range = `${channel.lowest.toFixed(2)} … ${channel.highest.toFixed(2)}`;
  return (
    <figure>
      <canvas ref={canvas} width={channel.width} height={channel.height} role="img" aria-label={t("looking.channelIn", { number, range })} />
      <figcaption>{t("looking.channel", { number, range })}</figcaption>
    </figure>
  );
}

const readFile = async (response: Response): Promise<LatentFile> => readLatent(await response.arrayBuffer());
const readText = async (response: Response): Promise<string> => {
  const text = await response.text();
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}\n… ${t("looking.moreLetters", { n: text.length - LONGEST_TEXT })}` : text;
};

export function LatentView({ url, name }: { url: string; name: string }) {
  const { found, problem } = useFile(url, readFile);
  if (problem) return <p class="nothing" role="alert">{name}: {problem}</p>;
  return (
    <div class="latent" role="group" aria-label={t("looking.latentNamed", { name })}>
      <p>{t("looking.whatIsLatent")}</p>
      <ul>{found?.tensors.map((tensor) => <li key={tensor.name}>{tensor.name}: {tensor.dtype} {tensor.shape.length ? tensor.shape.join(" × ") : t("looking.oneNumber")}</li>)}</ul>
      <div class="channels">{found?.channels.map((channel, index) => <ChannelPicture key={index} channel={channel} number={index + 1} />)}</div>
    </div>
  );
}

export function TextView({ url, name }: { url: string; name: string }) {
  const { found, problem } = useFile(url, readText);
  return problem ? <p class="nothing" role="alert">{name}: {problem}</p> : <pre class="text" tabIndex={0} aria-label={name}>{found}</pre>;
}
