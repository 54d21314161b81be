/**
 * `npm run audit`: npm's advisories against the ones that docs/decisions explains. An advisory that is not explained there
 * is a finding; a registry that does not answer is a skip, because an outage elsewhere says nothing about this tree.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { runCommand } from "./cli.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const advisorySchema = z.object({ name: z.string(), title: z.string(), url: z.string(), severity: z.string() });
/** `via` holds advisories, or names of packages that bring the problem in. */
const auditSchema = z.object({
  vulnerabilities: z.record(z.string(), z.object({ via: z.array(z.union([z.string(), advisorySchema])) })),
});

/** The advisories that npm reports, each once; undefined when the registry does not answer. */
function readAdvisories(): z.infer<typeof advisorySchema>[] | undefined {
  const { stdout } = spawnSync("npm", ["audit", "--json"], { cwd: root, encoding: "utf8", timeout: 120_000 });
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  const parsed = auditSchema.safeParse(answer);
  if (!parsed.success) return undefined;
  const all = Object.values(parsed.data.vulnerabilities).flatMap(({ via }) =>
    via.filter((entry) => typeof entry !== "string"),
  );
  return [...new Map(all.map((advisory) => [advisory.url, advisory])).values()];
}

await runCommand(
  { command: "npm run audit --", summary: "Compares npm's advisories with the explained ones.", flags: {} },
  ({ say }) => {
    const advisories = readAdvisories();
    if (advisories === undefined) {
      say("audit [skipped: the package registry does not answer audits]");
      return Promise.resolve({ ok: true, report: { skipped: true } });
    }
    const explanations = globSync("docs/decisions/*-npm-audit.md", { cwd: root }).map((file) =>
      readFileSync(path.join(root, file), "utf8"),
    );
    const idOf = (url: string): string => url.split("/").at(-1) ?? url;
    const unexplained = advisories.filter(({ url }) => !explanations.some((text) => text.includes(idOf(url))));
    for (const { name, severity, title, url } of unexplained) say(`${severity}  ${name}: ${title} (${idOf(url)})`);
    say(`${String(advisories.length)} advisories, ${String(unexplained.length)} not explained in docs/decisions`);
    return Promise.resolve({ ok: unexplained.length === 0, report: { advisories: advisories.length, unexplained } });
  },
);
