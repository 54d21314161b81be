/**
 * Infura and the Geth split, 2020-11-11. A transaction in block 11,234,873 split old Geth from everybody else: nodes that answered promptly
 * answered for the wrong chain, others stood still, retries of clients became the second outage, and keepers that believed one provider
 * missed their deadlines or would have acted on a branch that was about to disappear.
 */
import { expect } from "chai";
import { Interface, Wallet, id as hashOf } from "ethers";

import type { Database } from "../../../db/database.js";
import { doDuty, type DutyParts } from "../../../keepers/deviation-stabilizer/duty.js";
import { PublicBroadcaster } from "../../../keepers/kit/broadcast/public.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { Lease } from "../../../keepers/kit/lease.js";
import { NextBlock } from "../../../keepers/kit/nextBlock.js";
import { EvmOutbox } from "../../../keepers/kit/outbox/evmOutbox.js";
import { OutboxStore } from "../../../keepers/kit/outbox/store.js";
import type { ChainClient } from "../../../keepers/kit/provider.js";
import { confirmWith } from "../../../keepers/kit/providers/confirm.js";
import { QUARANTINE_RULES } from "../../../keepers/kit/providers/quarantine.js";
import { MemoryRecord } from "../../../keepers/kit/record.js";
import { signerOf } from "../../../keepers/kit/signer.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { BARE_ACTION, openGate } from "../../helpers/openGate.js";
import { usePostgres } from "../../helpers/postgres.js";
import { codeOf } from "../../helpers/rejection.js";
import { startTwins } from "../../helpers/twinNodes.js";

const FUNDED_WEI = `0x${(10n ** 20n).toString(16)}`;
const TARGET = "0x00000000000000000000000000000000000000aa";
const BALANCE = { method: "eth_getBalance", params: (block: unknown) => [TARGET, block] };
/** Quick way back, so that healing can be watched. */
const QUICK = { ...QUARANTINE_RULES, weakPauseMs: 0, goodAnswers: 2 };
const CONFIRMATIONS = 6;

describe("golden: Infura, 2020-11-11", () => {
  const postgres = usePostgres();
  const wallet = new Wallet(hashOf("golden infura"));
  let twins: Awaited<ReturnType<typeof startTwins>>;
  let db: Database;
  beforeEach(async () => {
    twins = await startTwins(2);
    for (const node of twins.nodes) await node.ask("hardhat_setBalance", wallet.address, FUNDED_WEI);
    await twins.mine(3);
    db = (await postgres.testDatabase()).connect({ role: "keeper_rw" });
  });
  afterEach(async () => {
    await twins.close();
  });

  /** A keeper's way to a transaction: simulate, confirm with both nodes, outbox. Counts its signatures. */
  async function keeper(client: ChainClient) {
    const { log } = capturedLog();
    const lease = new Lease(db, { name: "golden:138", ttlMs: 60_000, renewMs: 1_000 }, log);
    await lease.step();
    const account = signerOf(wallet);
    let signatures = 0;
    const gate = openGate();
    const store = new OutboxStore({ db, lease, role: "golden", chainId: "138", address: wallet.address, gate });
    const fees = { maxFeePerGasWei: 100n * 10n ** 9n, priorityFeeWei: 10n ** 9n };
    const outbox = new EvmOutbox({
      store,
      client,
      signer: {
        address: wallet.address,
        sign: (transaction) => {
          signatures += 1;
          return account.sign(transaction);
        },
      },
      broadcaster: new PublicBroadcaster(client, log),
      options: { fees, replaceAfterBlocks: 50, window: 8, confirmations: () => CONFIRMATIONS },
      log,
    });
    const nextBlock = new NextBlock(client);
    const parts: DutyParts = {
      chainId: 138,
      defaultSender: wallet.address,
      tokenName: (address) => address,
      encode: () => ({ to: TARGET, data: "0x" }),
      maxFeePerGasWei: fees.maxFeePerGasWei,
      validBlocks: 1_000,
      nextBlock,
      submitter: outbox,
      record: new MemoryRecord(),
      counters: new Counters(),
      log,
      confirm: confirmWith(client, nextBlock, [BALANCE]),
    };
    return {
      outbox,
      signatures: () => signatures,
      act: async (effect: string): Promise<boolean> => {
        const duty = { kind: "poke", topic: "golden", effect, action: BARE_ACTION, gasLimit: 50_000n };
        return doDuty(parts, { ...duty, abi: new Interface([]), facts: {} }, await client.head());
      },
    };
  }

  it("GOLDEN-7 stopped by no-quorum: two nodes that answer promptly for two chains get no signature, and when they are one again it goes on", async () => {
    const [left, right] = twins.nodes;
    if (left === undefined || right === undefined) throw new Error("two nodes");
    const states: string[] = [];
    const client = twins.client({ quarantine: QUICK, onFleet: ({ state }) => states.push(state) });
    const bot = await keeper(client);
    await client.head();
    const before = await right.ask("evm_snapshot");
    await left.mine(2);
    await right.mine(3);
    expect(await codeOf(bot.act("during the split"))).to.equal("NO_QUORUM");
    await left.mine();
    await right.mine();
    expect(await codeOf(bot.act("deeper in the split"))).to.equal("NO_QUORUM");
    expect(client.fleet.report().state).to.equal("no-quorum");
    expect(bot.signatures()).to.equal(0);
    const rows = await db.query<{ count: number }>("SELECT count(*)::integer AS count FROM keeper_outbox");
    expect(rows[0]?.count).to.equal(0);

    // The operators have replaced their clients: the losing branch is gone.
    await right.ask("evm_revert", before);
    await right.mine(2);
    await right.mine();
    await client.fleet.probe();
    expect(client.fleet.report().state).to.equal("healthy");
    expect(await bot.act("after the split")).to.equal(true);
    expect(bot.signatures()).to.equal(1);
    expect(states).to.deep.equal(["no-quorum", "healthy"]);
  });

  it("GOLDEN-7 survived by the outbox: what was mined on the losing branch happens on the other one, once, with the same bytes", async () => {
    const [left, right] = twins.nodes;
    if (left === undefined || right === undefined) throw new Error("two nodes");
    const client = twins.client({ quarantine: QUICK });
    const bot = await keeper(client);
    await client.head();
    const nonceAt = async (node: typeof left): Promise<number> =>
      Number(await node.ask("eth_getTransactionCount", wallet.address, "latest"));
    const nonceBefore = await nonceAt(left);
    const before = await left.ask("evm_snapshot");
    expect(await bot.act("before the split")).to.equal(true);
    const signed = bot.signatures();
    await left.mine();
    await bot.outbox.upkeep(await client.head());
    expect(await nonceAt(left)).to.equal(nonceBefore + 1);
    // The branch that had it loses.
    await left.ask("evm_revert", before);
    await left.mine(4);
    await right.mine(4);
    await client.fleet.probe();
    expect(await nonceAt(left)).to.equal(nonceBefore);
    for (let block = 0; block < 4; block += 1) {
      await bot.outbox.upkeep(await client.head());
      await twins.mine();
    }
    expect(await nonceAt(left)).to.equal(nonceBefore + 1);
    expect(bot.signatures(), "the stored bytes were sent again").to.equal(signed);
    expect(bot.outbox.pending()).to.deep.equal([]);
  });
});
