/** What a ticket's procedures are called: each looked up once. One that the catalogue does not have stands by its code. */
import { html, useEffect, useState } from "../vendor/preact-htm.js";

const known = new Map();

export function Procedures({ codes, branch }) {
  const [, redraw] = useState(0);
  const all = codes.join(", ");
  useEffect(() => {
    Promise.all(codes.map((code) => learn(code, branch))).then(() => redraw((n) => n + 1));
  }, [all]);
  return html`<span lang="vi">${codes.map((code) => known.get(code) ?? code).join("; ")}</span>`;
}

async function learn(code, branch) {
  if (!known.has(code)) {
    const asked = `/branches/${encodeURIComponent(branch)}/procedures?limit=5&q=${encodeURIComponent(code)}`;
    const { procedures } = await LaySo.ask("GET", asked).catch(() => ({ procedures: [] }));
    procedures.filter((each) => each.code === code).forEach((each) => known.set(code, each.name));
  }
}
