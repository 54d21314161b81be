/** Starts a node of anvil: what a benchmark and the simulator put their chains on. */
import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import { Child } from "./child.js";

const startedSchema = z.object({ url: z.string() });

/** A node that answers. It ends with this process, or when it is stopped. */
export interface AnvilNode {
  readonly child: Child;
  readonly url: string;
}

/**
 * `args`: those of anvil beside host and port.
 * @throws PermanentError ANVIL_FAILED when it does not start, as where npm has no program for this machine.
 */
export async function startAnvil(args: readonly string[]): Promise<AnvilNode> {
  const child = new Child({ script: "scripts/world/anvil-main.ts", args });
  const started = startedSchema.safeParse(await child.message());
  if (started.success) return { child, url: started.data.url };
  await child.stop();
  const why = child.lastErrorLines.at(-1) ?? "it said nothing";
  throw new PermanentError("ANVIL_FAILED", `anvil did not start: ${why}`, "npm ci --include=optional");
}
