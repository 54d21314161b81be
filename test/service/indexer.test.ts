import { expect } from "chai";
import fc from "fast-check";

import type { Database, Queryable } from "../../db/database.js";
import { RetryableError } from "../../protocol/errors.js";
import type { ChainLog } from "../../service/indexer/chainSource.js";
import { transferHandler } from "../../service/indexer/handlers/transfer.js";
import { Indexer, type IndexerOptions, type Step } from "../../service/indexer/indexer.js";
import { IndexedChain, ModelSource, TOKEN } from "../helpers/indexedChain.js";
import { usePostgres } from "../helpers/postgres.js";
import { codeOf } from "../helpers/rejection.js";
import { seedOf } from "../helpers/seed.js";

const FINALITY = { kind: "depth", safe: 3n, finalized: 6n } as const;

describe("indexer", () => {
  const postgres = usePostgres();
  let db: Database;
  let chains = 0;

  before(async () => {
    const { connect } = await postgres.testDatabase();
    db = connect({ role: "indexer_rw" });
  });

  /** An indexer of a chain that the database has not seen, unless it is told which. */
  const indexerOf = (sources: IndexerOptions["sources"], own: Partial<IndexerOptions> = {}): [Indexer, string] => {
    const chainId = own.chainId ?? String((chains += 1));
    const handlers = [transferHandler([TOKEN])];
    const rest = { startBlock: 0n, finality: FINALITY, quorum: 1, isMoney: true, maxRange: 7, ...own };
    return [new Indexer({ db, sources, handlers, ...rest, chainId }), chainId];
  };
  const caughtUp = async (indexer: Indexer): Promise<Step[]> => {
    const steps: Step[] = [];
    do steps.push(await indexer.step());
    while (steps.at(-1)?.kind === "advanced");
    return steps;
  };
  const table = (chainId: string): Promise<readonly object[]> =>
    db.query(
      `SELECT block_number, log_index, '0x' || encode(block_hash, 'hex') AS block_hash, units
         FROM chain_transfer WHERE chain_id = $1 ORDER BY block_number, log_index`,
      [chainId],
    );
  const statuses = async (chainId: string): Promise<Record<string, bigint>> => {
    const rows = await db.query<{ status: string; top: bigint }>(
      "SELECT status, max(number) AS top FROM chain_block WHERE chain_id = $1 GROUP BY status",
      [chainId],
    );
    return Object.fromEntries(rows.map(({ status, top }) => [status, top]));
  };
  const sum = (steps: readonly Step[], key: "blocks" | "logs" | "unwound" | "recovered"): number =>
    steps.reduce((total, step) => total + step[key], 0);

  it("follows a chain from observed over safe to finalized", async () => {
    const chain = new IndexedChain();
    chain.mine([3, 0, 2, 5, 0, 0, 1, 4, 2, 3, 1, 1]);
    const [indexer, chainId] = indexerOf([new ModelSource(chain)]);
    const steps = await caughtUp(indexer);
    expect(sum(steps, "blocks")).to.equal(13);
    expect(steps.map(({ kind }) => kind)).to.deep.equal(["advanced", "advanced", "caught-up"]);
    expect(steps.map(({ finality }) => finality)).to.deep.equal(["settled", "settled", "settled"]);
    expect(await table(chainId)).to.deep.equal(chain.transfers());
    expect(await statuses(chainId)).to.deep.equal({ finalized: 6n, safe: 9n, observed: 12n });
    chain.mine([1]);
    expect(await indexer.step()).to.include({ kind: "advanced", blocks: 1, finality: "settled" });
    expect(await statuses(chainId)).to.deep.equal({ finalized: 7n, safe: 10n, observed: 13n });
  });

  it("INDEX-1: a branch that loses leaves no row, and the other one is complete", async () => {
    const chain = new IndexedChain();
    chain.mine([3, 1, 2, 4, 2, 3, 1, 1, 5]);
    const [indexer, chainId] = indexerOf([new ModelSource(chain)]);
    await caughtUp(indexer);
    chain.reorg(3, [2, 2]);
    const steps = await caughtUp(indexer);
    expect(sum(steps, "unwound")).to.equal(3);
    expect(await table(chainId)).to.deep.equal(chain.transfers());
  });

  it("waits for a node that is late instead of unwinding", async () => {
    const chain = new IndexedChain();
    chain.mine([1, 1, 1, 1, 1]);
    const source = new ModelSource(chain);
    const [indexer, chainId] = indexerOf([source]);
    await caughtUp(indexer);
    source.lag = 2n;
    expect(await indexer.step()).to.include({ kind: "behind", unwound: 0 });
    expect(await table(chainId)).to.deep.equal(chain.transfers());
  });

  it("INDEX-2: refuses a branch that parts below a finalized block, and keeps what was final", async () => {
    const chain = new IndexedChain();
    chain.mine([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    const [indexer, chainId] = indexerOf([new ModelSource(chain)]);
    await caughtUp(indexer);
    const before = await table(chainId);
    chain.reorg(8, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(await codeOf(indexer.step())).to.equal("FINALITY_BROKEN");
    expect(await table(chainId)).to.deep.equal(before);
  });

  describe("logs that a node leaves out", () => {
    const busy = Array.from({ length: 60 }, (_, index) => (index * 7) % 6);
    const everySeventh = (log: ChainLog): boolean => (Number(log.blockNumber) * 31 + log.logIndex * 17) % 7 === 0;
    const truth = (): [IndexedChain, ModelSource, ModelSource] => {
      const chain = new IndexedChain();
      chain.mine(busy);
      return [chain, new ModelSource(chain, "liar"), new ModelSource(chain, "witness")];
    };

    it("INDEX-3: are found at once where money is at stake", async () => {
      const [chain, liar, witness] = truth();
      liar.hides = everySeventh;
      const [indexer, chainId] = indexerOf([liar, witness]);
      const steps = await caughtUp(indexer);
      expect(sum(steps, "recovered")).to.be.greaterThan(0);
      expect(await table(chainId)).to.deep.equal(chain.transfers());
      expect([liar.receiptsRead, witness.receiptsRead > 0]).to.deep.equal([0, true]);
    });

    it("INDEX-4: are found by the re-scan otherwise, each once", async () => {
      const [chain, liar, witness] = truth();
      liar.hides = everySeventh;
      const [indexer, chainId] = indexerOf([liar, witness], { isMoney: false });
      await caughtUp(indexer);
      const missing = chain.transfers().length - (await table(chainId)).length;
      expect(missing).to.be.greaterThan(0);
      expect(await indexer.rescan(0n, chain.head)).to.deep.equal({ blocks: 61, recovered: missing, disputed: 0 });
      expect(await table(chainId)).to.deep.equal(chain.transfers());
      expect(await indexer.rescan(0n, chain.head)).to.deep.equal({ blocks: 61, recovered: 0, disputed: 0 });
    });

    it("are noticed by the bloom when a whole event is missing, without reading other receipts", async () => {
      const [chain, liar, witness] = truth();
      const silentBlock = 5n;
      liar.hides = (log) => log.blockNumber === silentBlock;
      expect(chain.transfers().some(({ block_number }) => block_number === silentBlock)).to.equal(true);
      const [indexer, chainId] = indexerOf([liar, witness], { isMoney: false });
      await caughtUp(indexer);
      expect(await table(chainId)).to.deep.equal(chain.transfers());
      expect(witness.receiptsRead).to.equal(1);
    });

    it("are found on a chain whose blooms are all empty", async () => {
      const chain = new IndexedChain(false);
      chain.mine(busy);
      const [liar, witness] = [new ModelSource(chain), new ModelSource(chain)];
      liar.hides = everySeventh;
      const [indexer, chainId] = indexerOf([liar, witness], { isMoney: false });
      await caughtUp(indexer);
      expect(indexer.bloomTrust).to.equal("useless");
      expect(await table(chainId)).to.deep.equal(chain.transfers());
    });

    it("reads no receipts of blocks that certainly hold none of them", async () => {
      const chain = new IndexedChain();
      chain.mine([1, 0, 0, 0, 1]);
      const witness = new ModelSource(chain);
      const [indexer] = indexerOf([new ModelSource(chain), witness]);
      await caughtUp(indexer);
      expect(witness.receiptsRead).to.equal(2);
    });

    it("stop the indexer when nobody can say what is true", async () => {
      const [chain, liar, witness] = truth();
      const copied = chain.at(9n)?.logs.slice(0, 1) ?? [];
      expect(copied).to.have.length(1);
      liar.invents = ({ number, hash }) =>
        number === 3n ? copied.map((log) => ({ ...log, blockNumber: number, blockHash: hash, logIndex: 99 })) : [];
      const [indexer, chainId] = indexerOf([liar, witness]);
      expect(await codeOf(indexer.step())).to.equal("LOGS_DISPUTED");
      witness.isSilent = true;
      liar.invents = () => [];
      liar.receiptLogs = () => Promise.resolve(undefined);
      expect(await codeOf(indexer.step())).to.equal("RECEIPTS_UNAVAILABLE");
      expect(await table(chainId)).to.deep.equal([]);
    });
  });

  it("INDEX-5: nothing becomes final while two nodes show different blocks, and the losing branch is unwound afterwards", async () => {
    const chain = new IndexedChain();
    chain.mine([1, 1, 1, 1, 1, 1, 1, 1]);
    const [first, second] = [new ModelSource(chain, "first"), new ModelSource(chain, "second")];
    const [indexer, chainId] = indexerOf([first, second], { quorum: 2, isMoney: false });
    await caughtUp(indexer);
    const settled = (await statuses(chainId))["finalized"];
    first.chain = chain.split();
    first.chain.mine([1, 1, 1, 1, 1, 1, 1]);
    chain.mine([2, 2, 2, 2, 2, 2, 2, 2]);
    const steps = await caughtUp(indexer);
    expect(steps.at(-1)).to.include({ finality: "no-quorum" });
    expect((await statuses(chainId))["finalized"]).to.equal(settled);
    first.chain = chain;
    expect(sum(await caughtUp(indexer), "unwound")).to.equal(7);
    expect(await table(chainId)).to.deep.equal(chain.transfers());
    expect((await statuses(chainId))["finalized"]).to.equal(chain.head - 6n);
  });

  it("follows the next node when the first is silent, and says so when all are", async () => {
    const chain = new IndexedChain();
    chain.mine([1, 2]);
    const [first, second] = [new ModelSource(chain), new ModelSource(chain)];
    first.isSilent = true;
    const [indexer, chainId] = indexerOf([first, second]);
    await caughtUp(indexer);
    expect(await table(chainId)).to.deep.equal(chain.transfers());
    second.isSilent = true;
    expect(await codeOf(indexer.step())).to.equal("SOURCE_UNREACHABLE");
  });

  it("two indexers of one chain write each block once", async () => {
    const chain = new IndexedChain();
    chain.mine(Array.from({ length: 40 }, (_, index) => index % 4));
    const [one, chainId] = indexerOf([new ModelSource(chain)]);
    const [two] = indexerOf([new ModelSource(chain)], { chainId });
    const run = async (indexer: Indexer): Promise<number> => {
      let blocks = 0;
      for (;;) {
        const step = await indexer.step();
        blocks += step.blocks;
        if (step.kind === "caught-up") return blocks;
      }
    };
    const [first, second] = await Promise.all([run(one), run(two)]);
    expect(first + second).to.equal(41);
    expect(await table(chainId)).to.deep.equal(chain.transfers());
  });

  it("INDEX-6: what is derived is brought up to date from the first block that changed, also by a late log", async () => {
    const chain = new IndexedChain();
    chain.mine([2, 2, 2, 2]);
    const [liar, witness] = [new ModelSource(chain), new ModelSource(chain)];
    liar.hides = (log) => log.blockNumber === 2n && log.logIndex === 1;
    const from: bigint[] = [];
    const derive = async (tx: Queryable, chainId: string, block: bigint): Promise<void> => {
      expect(await tx.query("SELECT 1 FROM chain_checkpoint WHERE chain_id = $1", [chainId])).to.have.length(1);
      from.push(block);
    };
    const handlers = [{ ...transferHandler([TOKEN]), derive }];
    const [indexer] = indexerOf([liar, witness], { handlers, isMoney: false });
    await caughtUp(indexer);
    await indexer.rescan(0n, chain.head);
    chain.reorg(1, [1, 1]);
    await caughtUp(indexer);
    expect(from).to.deep.equal([0n, 2n, 4n]);
  });

  it("INDEX-7: whatever happens on the way, the tables end as those of a clean run over the final chain", async () => {
    const some = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 });
    const action = fc.oneof(
      some.map((transfers) => ({ kind: "mine", transfers }) as const),
      fc.record({ kind: fc.constant("reorg" as const), depth: fc.integer({ min: 1, max: 5 }), transfers: some }),
      fc.record({ kind: fc.constant("hide" as const), modulus: fc.integer({ min: 2, max: 20 }), salt: fc.nat(50) }),
      fc.record({ kind: fc.constant("lag" as const), blocks: fc.bigInt({ min: 0n, max: 4n }) }),
      fc.record({ kind: fc.constant("step" as const), crashAt: fc.option(fc.integer({ min: 1, max: 8 })) }),
      fc.record({ kind: fc.constant("rescan" as const), back: fc.bigInt({ min: 0n, max: 12n }) }),
    );
    let stepped = 0;
    const seed = seedOf(1);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), fc.boolean(), async (actions, isMoney) => {
        const chain = new IndexedChain();
        const [liar, witness] = [new ModelSource(chain), new ModelSource(chain)];
        const crashing = new CrashingDatabase(db);
        // Deeper than any reorganisation here, so that none is refused.
        const finality = { kind: "depth", safe: 3n, finalized: 40n } as const;
        const [indexer, chainId] = indexerOf([liar, witness], { isMoney, db: crashing, finality });
        const attempt = async (work: () => Promise<unknown>): Promise<void> => {
          try {
            await work();
          } catch (error) {
            if (!(error instanceof RetryableError)) throw error;
          }
        };
        let indexed = 0n;
        for (const act of actions) {
          if (act.kind === "mine") chain.mine(act.transfers);
          // Not deeper than what stands above the block where the checkpoint began.
          else if (act.kind === "reorg") chain.reorg(act.depth, [...act.transfers, 1, 1, 1, 1, 1]);
          else if (act.kind === "hide") {
            liar.hides = (log) => (Number(log.blockNumber) * 31 + log.logIndex * 17 + act.salt) % act.modulus === 0;
          } else if (act.kind === "lag") liar.lag = act.blocks;
          else if (act.kind === "rescan") await attempt(() => indexer.rescan(chain.head - act.back, chain.head));
          else {
            crashing.crashAfter = act.crashAt ?? undefined;
            await attempt(() => indexer.step());
            crashing.crashAfter = undefined;
            stepped += 1;
          }
          indexed = chain.head;
        }
        liar.lag = 0n;
        await caughtUp(indexer);
        await indexer.rescan(0n, indexed);
        expect(await table(chainId)).to.deep.equal(chain.transfers());
        const [clean, cleanId] = indexerOf([witness], { finality });
        await caughtUp(clean);
        expect(await table(chainId)).to.deep.equal(await table(cleanId));
        const hashes = "SELECT number, hash FROM chain_block WHERE chain_id = $1 ORDER BY number";
        expect(await db.query(hashes, [chainId])).to.deep.equal(await db.query(hashes, [cleanId]));
      }),
      { numRuns: 40, seed },
    );
    expect(stepped, `seed ${String(seed)}`).to.be.greaterThan(40);
  });
});

/** Loses its connection in the middle of a transaction. */
class CrashingDatabase implements Database {
  /** Statements of a transaction that still work. */
  crashAfter: number | undefined;

  constructor(private readonly db: Database) {}

  query<Row extends object>(...args: Parameters<Queryable["query"]>): Promise<readonly Row[]> {
    return this.db.query<Row>(...args);
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    let left = this.crashAfter ?? Number.POSITIVE_INFINITY;
    return this.db.transaction((tx) =>
      work({
        query: (...args) => {
          left -= 1;
          if (left < 0) return Promise.reject(new RetryableError("DB_UNAVAILABLE", "crashed by the test"));
          return tx.query(...args);
        },
      }),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
