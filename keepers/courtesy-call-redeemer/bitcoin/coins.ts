/**
 * Unspent outputs of one script, as far as enough servers show the same. Nobody can make up an output's amount: every transaction is known
 * by its hash. What one server adds, hides or says of its tip counts as one voice, and takes no more memory than the largest coins do.
 */
import { headerFrom, isPlausible, scripthashOf, transactionFrom } from "./electrum/claim.js";
import type { ElectrumClient, UnspentOutput } from "./electrum/client.js";
import { ServerLied, type ElectrumServers } from "./electrum/servers.js";
import type { RelayEpochs } from "./proof.js";

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
      /** Deep enough and unspent, the largest first. */
      readonly coins: readonly Coin[];
      /** Of the newest block, as enough servers have it. */
      readonly tipDifficulty: bigint;
      readonly nextBlockSatPerKvb: bigint | undefined;
    };

/** Anybody can pay to the wallet: of thousands of outputs these are more than any payment takes. */
const MOST_COINS = 100;
/** What nodes pass on has at most 400,000 bytes; a coin of a larger transaction is left alone. */
const MOST_HEX = 800_000;

interface Shown {
  readonly client: ElectrumClient;
  readonly outputs: readonly UnspentOutput[];
  readonly tipDifficulty: bigint;
}

interface Vote {
  readonly output: UnspentOutput;
  readonly by: ElectrumClient[];
}

/** Names a coin everywhere. */
export function coinName({ txid, index }: Pick<Coin, "txid" | "index">): string {
  return `${txid}:${String(index)}`;
}

export class CoinFinder {
  /** Transactions of the coins of the last look: what a hash names never changes, whoever has told it. */
  private known = new Map<string, Pick<Coin, "raw"> & { readonly ownSat: ReadonlyMap<number, bigint> }>();

  /** @param leastDepth blocks from a coin's own to the newest, both counted */
  constructor(
    private readonly servers: ElectrumServers,
    private readonly script: Uint8Array,
    private readonly leastDepth: number,
  ) {}

  /** @param relay epochs that enough nodes of Ethereum say it knows: no newest block can be far easier */
  async look(relay: RelayEpochs): Promise<Purse> {
    const { servers } = this;
    const [shown, nextBlockSatPerKvb] = await Promise.all([
      servers.each((client) => this.shownBy(client, relay)),
      servers.nextBlockRate(),
    ]);
    const tipDifficulty = agreed(
      shown.map((one) => one.tipDifficulty),
      servers.agreeing,
    );
    if (tipDifficulty === undefined) return { kind: "unknown" };
    const outputs = this.agreedOutputs(shown);
    await this.learn(outputs);
    const coins = outputs.flatMap(({ output: { txid, index, amountSat } }): Coin[] => {
      const found = this.known.get(txid);
      return found?.ownSat.get(index) === amountSat ? [{ txid, index, amountSat, raw: found.raw }] : [];
    });
    return { kind: "known", coins, tipDifficulty, nextBlockSatPerKvb };
  }

  private async shownBy(client: ElectrumClient, relay: RelayEpochs): Promise<Shown> {
    const { height: tipHeight, hex } = await client.tip();
    const tip = headerFrom(client, `0x${hex}`);
    if (!isPlausible(tip, { ...relay, hasEasyBlocks: this.servers.hasEasyBlocks })) {
      throw new ServerLied("BTC_SERVER_WORK_MISSING", client.name);
    }
    const all = await client.unspent(scripthashOf(this.script));
    const outputs = all.filter(({ height }) => height > 0 && tipHeight - height + 1 >= this.leastDepth);
    return { client, outputs, tipDifficulty: tip.difficulty };
  }

  /** Shown as unspent by as many as must agree, and missing at fewer. */
  private agreedOutputs(shown: readonly Shown[]): readonly Vote[] {
    const { agreeing } = this.servers;
    const votes = new Map<string, Vote>();
    for (const { client, outputs } of shown) {
      for (const output of outputs) {
        const key = `${coinName(output)} ${String(output.amountSat)}`;
        const vote = votes.get(key) ?? { output, by: [] };
        votes.set(key, vote);
        if (!vote.by.includes(client)) vote.by.push(client);
      }
    }
    return [...votes.values()]
      .filter(({ by }) => by.length >= agreeing && shown.length - by.length < agreeing)
      .sort((a, b) => (a.output.amountSat > b.output.amountSat ? -1 : 1))
      .slice(0, MOST_COINS);
  }

  /** Has the transactions of these outputs told, each by whichever of its servers is the first. */
  private async learn(votes: readonly Vote[]): Promise<void> {
    this.known = new Map([...this.known].filter(([txid]) => votes.some(({ output }) => output.txid === txid)));
    await this.servers.each(async (client) => {
      for (const { output, by } of votes) {
        const { txid } = output;
        if (this.known.has(txid) || !by.includes(client)) continue;
        const { raw, outputs } = await transactionFrom(client, txid);
        const own = [...outputs.entries()].filter(([, { script }]) => Buffer.from(script).equals(this.script));
        const isTooLarge = raw.length > MOST_HEX;
        const ownSat = new Map(isTooLarge ? [] : own.map(([index, { amountSat }]) => [index, amountSat] as const));
        this.known.set(txid, { raw: isTooLarge ? "" : raw, ownSat });
      }
    });
  }
}

/** What so many say, where no other answer has as many. */
function agreed(answers: readonly bigint[], agreeing: number): bigint | undefined {
  const [one, ...others] = [...new Set(answers)].filter(
    (answer) => answers.filter((other) => other === answer).length >= agreeing,
  );
  return others.length === 0 ? one : undefined;
}
