/**
 * Unspent outputs of one script, as far as enough servers show the same. Nobody can make up an output's amount: every transaction is known
 * by its hash. That an output is spent one server can hide; a payment of such a coin is refused by everybody else and costs nothing.
 */
import { RetryableError } from "../../../protocol/errors.js";
import { headerFrom, scripthashOf, transactionFrom } from "./electrum/claim.js";
import type { ElectrumClient } from "./electrum/client.js";
import { ServerLied, type ElectrumServers } from "./electrum/servers.js";
import { hasWork } from "./header.js";

export interface Coin {
  readonly txid: string;
  readonly index: number;
  readonly amountSat: bigint;
  /** The transaction it is an output of, hex with witness: signers check the amount against it. */
  readonly raw: string;
}

export type Purse =
  | { readonly kind: "unknown" }
  | {
      readonly kind: "known";
      /** Deep enough, and spent by nothing that any server shows. */
      readonly coins: readonly Coin[];
      /** Of the newest block of every server that answered. */
      readonly tipDifficulties: readonly bigint[];
      readonly nextBlockSatPerKvb: bigint | undefined;
    };

/** More payments than this to one script are another kind of wallet. */
const MAX_HISTORY = 2_000;

type Known = Awaited<ReturnType<typeof transactionFrom>>;

interface Shown {
  readonly coins: readonly Coin[];
  readonly spent: readonly string[];
  readonly tipDifficulty: bigint;
}

/** Names a coin everywhere. */
export function coinName({ txid, index }: Pick<Coin, "txid" | "index">): string {
  return `${txid}:${String(index)}`;
}

export class CoinFinder {
  /** What a hash names never changes, whoever has told it. */
  private readonly known = new Map<string, Known>();

  /** @param leastDepth blocks from a coin's own to the newest, both counted */
  constructor(
    private readonly servers: ElectrumServers,
    private readonly script: Uint8Array,
    private readonly leastDepth: number,
  ) {}

  async look(): Promise<Purse> {
    const { servers } = this;
    const [shown, nextBlockSatPerKvb] = await Promise.all([
      servers.each((client) => this.shownBy(client)),
      servers.nextBlockRate(),
    ]);
    if (shown.length < servers.agreeing) return { kind: "unknown" };
    const spent = new Set(shown.flatMap((one) => one.spent));
    const votes = new Map<string, { readonly coin: Coin; count: number }>();
    for (const coin of shown.flatMap(({ coins }) => coins)) {
      const vote = votes.get(coinName(coin)) ?? { coin, count: 0 };
      vote.count += 1;
      votes.set(coinName(coin), vote);
    }
    const coins = [...votes]
      .filter(([name, { count }]) => count >= servers.agreeing && !spent.has(name))
      .map(([, { coin }]) => coin);
    return {
      kind: "known",
      coins,
      tipDifficulties: shown.map(({ tipDifficulty }) => tipDifficulty),
      nextBlockSatPerKvb,
    };
  }

  private async shownBy(client: ElectrumClient): Promise<Shown> {
    const { height: tipHeight, hex } = await client.tip();
    const tip = headerFrom(client, `0x${hex}`);
    if (!hasWork(tip)) throw new ServerLied("BTC_SERVER_WORK_MISSING", client.name);
    const history = await client.history(scripthashOf(this.script));
    if (history.length > MAX_HISTORY) {
      throw new RetryableError("BTC_HISTORY_TOO_LONG", `${client.name} shows ${String(history.length)} payments`);
    }
    const spent: string[] = [];
    const coins: Coin[] = [];
    for (const { txid, height } of history) {
      const { spends, outputs, raw } = await this.transaction(client, txid);
      spent.push(...spends.map(coinName));
      if (height <= 0 || tipHeight - height + 1 < this.leastDepth) continue;
      for (const [index, { amountSat, script }] of outputs.entries()) {
        if (Buffer.from(script).equals(this.script)) coins.push({ txid, index, amountSat, raw });
      }
    }
    return { coins, spent, tipDifficulty: tip.difficulty };
  }

  private async transaction(client: ElectrumClient, txid: string): Promise<Known> {
    const found = this.known.get(txid) ?? (await transactionFrom(client, txid));
    this.known.set(txid, found);
    return found;
  }
}
