// scratch
import { chromium } from "@playwright/test";
const base = process.env.WEFT_URL ?? "http://127.0.0.1:8391";
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"] });
for (const scheme of (process.env.SCHEMES ?? "light,dark").split(",")) {
  const ctx = await b.newContext({ colorScheme: scheme, viewport: { width: 1440, height: 900 } });
  const p = await ctx.newPage();
  p.on("console", m => { if (["error","warning"].includes(m.type())) console.log(scheme, m.type(), m.text()); });
  p.on("pageerror", e => console.log("PAGEERROR", e.message, e.stack));
  await p.goto(base);
  await p.waitForTimeout(1500);
  await p.screenshot({ path: `/tmp/weft-editor/${scheme}-start.png` });
  const script = process.argv[2];
  if (script) { const m = await import(script); await m.default(p, scheme); }
  await ctx.close();
}
await b.close();
