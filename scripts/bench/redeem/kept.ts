/** A world that is made once: its state and what is to be known of it, in a folder that is named by everything that they depend on. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

export interface Kept {
  /** As JSON can hold it. */
  readonly facts: unknown;
  readonly state: Buffer;
}

const FACTS = "world.json";
const STATE = "state.bin";
const KEY_DIGITS = 16;
const UNFINISHED = /\.(\d+)\.unfinished$/;
const fileSchema = z.object({ stateHash: z.string(), facts: z.unknown() });

/** Name of what these texts make: it changes with each of them. */
export function keyOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${String(part.length)}:`).update(part);
  return hash.digest("hex").slice(0, KEY_DIGITS);
}

/** What is kept under the name; undefined when nothing is, or not the whole of it. */
export function readKept(folder: string, key: string): Kept | undefined {
  const place = join(folder, key);
  if (!existsSync(join(place, FACTS)) || !existsSync(join(place, STATE))) return undefined;
  const state = readFileSync(join(place, STATE));
  const parsed = fileSchema.safeParse(jsonOf(readFileSync(join(place, FACTS), "utf8")));
  return parsed.success && parsed.data.stateHash === hashOf(state) ? { facts: parsed.data.facts, state } : undefined;
}

/** Keeps it, and nothing else: what was made by other sources is of no use any more. A process that dies meanwhile leaves nothing under the name. */
export function keep(folder: string, key: string, { facts, state }: Kept): void {
  const unfinished = join(folder, `${key}.${String(process.pid)}.unfinished`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, STATE), state);
  writeFileSync(join(unfinished, FACTS), JSON.stringify({ stateHash: hashOf(state), facts }));
  for (const other of readdirSync(folder)) {
    if (!isInTheMaking(other)) rmSync(join(folder, other), { recursive: true, force: true });
  }
  renameSync(unfinished, join(folder, key));
}

/** By a process that lives: this one, or another that makes the same. */
function isInTheMaking(name: string): boolean {
  const pid = UNFINISHED.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}

function hashOf(state: Buffer): string {
  return createHash("sha256").update(state).digest("hex");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
