/** A Bitcoin chain with several Electrum servers on it, and the clients of a keeper before them. */
import { ElectrumClient } from "../../keepers/courtesy-call-redeemer/bitcoin/electrum/client.js";
import { MAX_BYTES } from "../../keepers/courtesy-call-redeemer/bitcoin/electrum/open.js";
import { parseElectrumServer } from "../../keepers/courtesy-call-redeemer/bitcoin/electrum/server.js";
import { ElectrumServers } from "../../keepers/courtesy-call-redeemer/bitcoin/electrum/servers.js";
import { LocalBitcoin } from "../../scripts/tbtc/electrum/chain.js";
import { ElectrumServer, type ServerKind } from "../../scripts/tbtc/electrum/server.js";

export const LEAVE_OUT_MS = 600_000;
/** Long enough for a busy machine; tests of silence bring their own. */
const TIMEOUT_MS = 5_000;

/** A clock that a test moves. */
export class Clock {
  ms = 1_700_000_000_000;
  readonly now = (): number => this.ms;
}

export async function createBitcoinRig(
  count: number,
  options: {
    readonly agreeing?: number;
    readonly timeoutMs?: number;
    readonly deadlineMs?: number;
    readonly kind?: ServerKind;
  } = {},
) {
  const chain = new LocalBitcoin();
  const clock = new Clock();
  const started = await Promise.all(Array.from({ length: count }, () => ElectrumServer.start(chain, options.kind)));
  const limits = { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, maxBytes: MAX_BYTES, nowMs: clock.now };
  const clients = started.map(({ url }) => new ElectrumClient(parseElectrumServer(url), limits));
  const servers = new ElectrumServers(clients, {
    agreeing: options.agreeing ?? 2,
    leaveOutMs: LEAVE_OUT_MS,
    deadlineMs: options.deadlineMs ?? 3 * limits.timeoutMs,
    nowMs: clock.now,
  });
  return {
    chain,
    clock,
    clients,
    servers,
    /** Their far ends. */
    remote: started.map(({ server }) => server),
    /** Codes by server, in order; undefined: trusted and well. */
    codes: (): (string | undefined)[] => servers.standings().map(({ code }) => code),
    async close(): Promise<void> {
      servers.close();
      await Promise.all(started.map((one) => one.close()));
    },
  };
}

export type BitcoinRig = Awaited<ReturnType<typeof createBitcoinRig>>;
