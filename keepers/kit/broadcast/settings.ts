/** Where a keeper's bytes go, as configuration. */
import { Wallet } from "ethers";
import { z } from "zod";

import { oneOf, setting, type Env, type SettingProblem, type Settings, type SettingsOf } from "../env.js";
import { Secret } from "../keys/secret.js";
import type { KeeperLog } from "../logger.js";
import type { ChainClient } from "../provider.js";
import type { Broadcaster } from "./broadcaster.js";
import { PrivateBroadcaster } from "./private.js";
import { PublicBroadcaster } from "./public.js";
import { SprayBroadcaster } from "./spray.js";

export const broadcastSettings = {
  broadcast: setting({
    env: "KEEPER_BROADCAST",
    schema: oneOf(["public", "spray", "private", "private-else-public"]),
    default: "public",
    doc: "`public`: the node that is asked first. `spray`: every node at once. `private`: the endpoint of KEEPER_PRIVATE_URL and nobody else. `private-else-public`: every node when that endpoint does not take the bytes.",
  }),
  privateUrl: setting({
    env: "KEEPER_PRIVATE_URL",
    schema: z
      .string()
      .refine(
        (text) => text === "" || (/^https?:\/\//.test(text) && URL.canParse(text)),
        "expected an http:// or https:// address",
      )
      .transform((text) => (text === "" ? undefined : new Secret(text))),
    default: "",
    doc: "Endpoint for private submission (Flashbots' protocol). Never shown.",
  }),
  privateMethod: setting({
    env: "KEEPER_PRIVATE_METHOD",
    schema: oneOf(["private-transaction", "bundle"]),
    default: "private-transaction",
    doc: "`eth_sendPrivateTransaction`, or `eth_sendBundle` for the next block.",
  }),
} as const satisfies Settings;

/** What is wrong with these settings together. */
export function broadcastProblems(env: Env): SettingProblem[] {
  const { broadcast, privateUrl } = broadcastSettings;
  const isPrivate = (env[broadcast.env] ?? "").startsWith("private");
  const hasUrl = (env[privateUrl.env] ?? "") !== "";
  if (isPrivate === hasUrl) return [];
  const message = isPrivate
    ? `required: ${broadcast.env} asks for private submission`
    : `set, but ${broadcast.env} does not ask for private submission`;
  return [{ env: privateUrl.env, message }];
}

/** Blocks for which a private transaction is wanted; longer ones are replaced by upkeep. */
const PRIVATE_BLOCKS = 25;

/**
 * The broadcaster that the configuration names. The identity of private submissions is made for this process: it pays nothing.
 * @throws Error when private submission has no endpoint; `broadcastProblems` says so before.
 */
export function openBroadcaster(
  {
    broadcast,
    privateUrl,
    privateMethod,
    rpcTimeoutMs,
  }: SettingsOf<typeof broadcastSettings> & { readonly rpcTimeoutMs: number },
  client: ChainClient,
  log: KeeperLog,
): Broadcaster {
  if (broadcast === "public") return new PublicBroadcaster(client, log);
  const spray = new SprayBroadcaster(client, log);
  if (broadcast === "spray") return spray;
  if (privateUrl === undefined) throw new Error("KEEPER_PRIVATE_URL is missing");
  const options = {
    url: privateUrl.use((text) => new URL(text)),
    method: privateMethod,
    validBlocks: PRIVATE_BLOCKS,
    timeoutMs: rpcTimeoutMs,
  };
  const fallback = broadcast === "private-else-public" ? spray : undefined;
  return new PrivateBroadcaster(options, Wallet.createRandom(), client, log, fallback);
}
