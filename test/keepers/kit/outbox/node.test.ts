import { expect } from "chai";
import { Transaction } from "ethers";

import type { Database } from "../../../../db/database.js";
import { PublicBroadcaster } from "../../../../keepers/kit/broadcast/public.js";
import { DryRunSubmitter } from "../../../../keepers/kit/dryRunSubmitter.js";
import { effectivePriceWei, firstFees, replacementFees } from "../../../../keepers/kit/fees.js";
import { Lease } from "../../../../keepers/kit/lease.js";
import { EvmOutbox } from "../../../../keepers/kit/outbox/evmOutbox.js";
import { OutboxStore } from "../../../../keepers/kit/outbox/store.js";
import type { ChainClient } from "../../../../keepers/kit/provider.js";
import { signerOf } from "../../../../keepers/kit/signer.js";
import type { Intent } from "../../../../keepers/kit/submitter.js";
import { developmentAccounts } from "../../../../protocol/params/rules.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { expireLeases } from "../../../helpers/outboxParts.js";
import { startLocalNode, type LocalNode } from "../../../helpers/localNode.js";
import { BARE_ACTION, openGate } from "../../../helpers/openGate.js";
import { usePostgres } from "../../../helpers/postgres.js";

const GWEI = 10n ** 9n;
const FEES = { maxFeePerGasWei: 50n * GWEI, priorityFeeWei: GWEI };
const REPLACE_AFTER = 3;
/** Far above every ceiling: nothing of ours is mined in such a block. */
const PROHIBITIVE_BASE_FEE = `0x${(1_000n * GWEI).toString(16)}`;
const RECIPIENT = "0x00000000000000000000000000000000000000AA";

describe("keepers/kit/outbox on a node", () => {
  const postgres = usePostgres();
  let db: Database;
  let node: LocalNode;
  let account = 0;
  before(async () => {
    node = await startLocalNode();
  });
  after(async () => {
    await node.close();
  });
  beforeEach(async () => {
    db = (await postgres.testDatabase()).database;
    node.proxy.fault = () => undefined;
    account += 1; // a fresh nonce history for each test
  });

  function signer() {
    const wallet = developmentAccounts()[account];
    if (wallet === undefined) throw new Error("no such account");
    return signerOf(wallet);
  }

  async function make(client: ChainClient = node.client(), database = db) {
    const { log, names } = capturedLog();
    const key = signer();
    const lease = new Lease(database, { name: "role", ttlMs: 60_000, renewMs: 1_000 }, log);
    await lease.step();
    const gate = openGate();
    const store = new OutboxStore({ db: database, lease, role: "role", chainId: "138", address: key.address, gate });
    const submitter = new EvmOutbox({
      store,
      client,
      signer: key,
      broadcaster: new PublicBroadcaster(client, log),
      options: { fees: FEES, replaceAfterBlocks: REPLACE_AFTER, window: 32, confirmations: () => 1 },
      log,
    });
    return { client, names, key, submitter };
  }

  async function intent(client: ChainClient, change: Partial<Intent> = {}): Promise<Intent> {
    const head = await client.head();
    return {
      key: "effect-1",
      action: BARE_ACTION,
      to: RECIPIENT,
      data: "0x1234",
      valueWei: 1n,
      gasLimit: 50_000n,
      maxFeePerGasWei: FEES.maxFeePerGasWei,
      validUntilBlock: head.number + 100,
      ...change,
    };
  }

  /** A block in which nothing of ours can be mined, and an ordinary base fee after it. */
  async function mineWithoutUs(count = 1): Promise<void> {
    for (let block = 0; block < count; block += 1) {
      await node.ask("hardhat_setNextBlockBaseFeePerGas", PROHIBITIVE_BASE_FEE);
      await node.mine();
      await node.ask("hardhat_setNextBlockBaseFeePerGas", `0x${GWEI.toString(16)}`);
    }
  }

  async function nonceOf(address: string): Promise<number> {
    return Number(await node.ask("eth_getTransactionCount", address, "latest"));
  }

  /** The head as if the base fee had not been raised, so that fees stay comparable. */
  async function calmHead(client: ChainClient) {
    return { ...(await client.head()), nextBaseFeeWei: GWEI };
  }

  it("sends, takes each effect once, and settles by the receipt", async () => {
    const { client, submitter, key, names } = await make();
    const wanted = await intent(client);
    const sent = await submitter.submit(wanted, await client.head());
    expect(sent).to.deep.include({ accepted: true, nonce: 0, broadcast: true });
    expect(submitter.pending().map((entry) => entry.key)).to.deep.equal(["effect-1"]);

    expect(await submitter.submit(wanted, await client.head())).to.deep.equal({
      accepted: false,
      refusal: "in-flight",
    });

    expect(await submitter.upkeep(await client.head())).to.deep.equal([]);
    await node.mine();
    const [settled] = await submitter.upkeep(await client.head());
    expect(settled).to.deep.include({ key: "effect-1", kind: "mined", nonce: 0 });
    expect(settled?.gasUsed).to.be.greaterThan(21_000);
    expect(submitter.pending()).to.deep.equal([]);
    expect(await nonceOf(key.address)).to.equal(1);
    expect(names()).to.include.members(["tx.sent", "tx.mined"]);
  });

  it("sends exactly the bytes of the intent", async () => {
    const { client, submitter } = await make();
    const wanted = await intent(client);
    node.proxy.seen.length = 0;
    await submitter.submit(wanted, await client.head());
    const raw = node.proxy.seen.find((request) => request.method === "eth_sendRawTransaction")?.params[0];
    const parsed = Transaction.from(String(raw));
    expect([parsed.to, parsed.data, parsed.value, parsed.gasLimit]).to.deep.equal([
      RECIPIENT,
      wanted.data,
      wanted.valueWei,
      wanted.gasLimit,
    ]);
    await node.mine();
  });

  it("replaces after some blocks, each time by at least 12.5 %, and settles by whichever hash is mined", async () => {
    const { client, submitter, key, names } = await make();
    await submitter.submit(await intent(client), await calmHead(client));
    await mineWithoutUs(REPLACE_AFTER - 1);
    await submitter.upkeep(await calmHead(client));
    expect(submitter.pending()[0]?.hashes).to.have.length(1);
    await mineWithoutUs();
    await submitter.upkeep(await calmHead(client));
    await mineWithoutUs(REPLACE_AFTER);
    await submitter.upkeep(await calmHead(client));
    const hashes = submitter.pending()[0]?.hashes ?? [];
    expect(new Set(hashes).size).to.equal(3);

    const sent = node.proxy.seen
      .filter((request) => request.method === "eth_sendRawTransaction")
      .map((request) => Transaction.from(String(request.params[0])))
      .filter((transaction) => transaction.from === key.address);
    expect(sent.map((transaction) => transaction.nonce)).to.deep.equal([0, 0, 0]);
    for (const [index, transaction] of sent.entries()) {
      const before = sent[index - 1];
      if (before === undefined) continue;
      const rise = ((transaction.maxFeePerGas ?? 0n) * 1_000n) / (before.maxFeePerGas ?? 1n);
      const tipRise = ((transaction.maxPriorityFeePerGas ?? 0n) * 1_000n) / (before.maxPriorityFeePerGas ?? 1n);
      expect(rise >= 1_125n && tipRise >= 1_125n, `attempt ${String(index)}`).to.equal(true);
    }
    await node.mine();
    const [settled] = await submitter.upkeep(await client.head());
    expect(settled?.kind).to.equal("mined");
    expect(hashes).to.include(settled?.hash);
    expect(await nonceOf(key.address)).to.equal(1);
    expect(names().filter((name) => name === "tx.replaced")).to.have.length(2);
  });

  it("stays under the ceiling: it then sends the same bytes again", async () => {
    const { client, submitter, names } = await make();
    const tight = await intent(client, { maxFeePerGasWei: 3n * GWEI });
    await submitter.submit(tight, await calmHead(client));
    for (let round = 0; round < 3; round += 1) {
      await mineWithoutUs(REPLACE_AFTER);
      await submitter.upkeep(await calmHead(client));
    }
    const sent = node.proxy.seen
      .filter((request) => request.method === "eth_sendRawTransaction")
      .map((request) => Transaction.from(String(request.params[0])))
      .filter((transaction) => transaction.from === submitter.sender);
    expect(sent.length).to.equal(4);
    for (const transaction of sent) expect(Number(transaction.maxFeePerGas ?? 0n)).to.be.at.most(Number(3n * GWEI));
    expect(names()).to.include("tx.at-ceiling");
    expect(new Set(sent.map((transaction) => transaction.hash)).size).to.be.lessThan(sent.length);
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("mined");
  });

  it("frees the nonce of an expired intent by a transaction that does nothing", async () => {
    const { client, submitter, key } = await make();
    const head = await calmHead(client);
    const before = BigInt(String(await node.ask("eth_getBalance", RECIPIENT, "latest")));
    await submitter.submit(await intent(client, { validUntilBlock: head.number + 1 }), head);
    await mineWithoutUs();
    await submitter.upkeep(await calmHead(client));
    await node.mine();
    const [settled] = await submitter.upkeep(await client.head());
    expect(settled).to.deep.include({ kind: "cancelled", nonce: 0 });
    expect(BigInt(String(await node.ask("eth_getBalance", RECIPIENT, "latest")))).to.equal(before);
    expect(await nonceOf(key.address)).to.equal(1);
  });

  it("keeps a transaction whose reply was lost, and does it once", async () => {
    const { client, submitter, key } = await make(node.client({ retries: 0 }));
    node.proxy.fault = ({ method }) => (method === "eth_sendRawTransaction" ? { kind: "lose-reply" } : undefined);
    const sent = await submitter.submit(await intent(client), await client.head());
    expect(sent.accepted).to.equal(true);
    expect(submitter.pending()).to.have.length(1);
    node.proxy.fault = () => undefined;
    await submitter.upkeep(await client.head()); // sends the same bytes again: the node knows them already
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("mined");
    expect(await nonceOf(key.address)).to.equal(1);
  });

  it("keeps a transaction whose broadcast never arrived, and sends it when the node is back", async () => {
    const { client, submitter, key } = await make(node.client({ retries: 0 }));
    node.proxy.fault = ({ method }) => (method === "eth_sendRawTransaction" ? { kind: "refuse" } : undefined);
    await submitter.submit(await intent(client), await client.head());
    await node.mine();
    expect(await submitter.upkeep(await client.head())).to.deep.equal([]);
    node.proxy.fault = () => undefined;
    await submitter.upkeep(await client.head());
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("mined");
    expect(await nonceOf(key.address)).to.equal(1);
  });

  it("frees the nonce of a transaction that no node takes, once it is too late", async () => {
    const { client, submitter } = await make();
    const head = await calmHead(client);
    // More than the block may use: every node refuses it, and yet it may be mined by one that does not.
    const impossible = await intent(client, { gasLimit: 10n ** 12n, validUntilBlock: head.number + 2 });
    await submitter.submit(impossible, head);
    await mineWithoutUs();
    expect(await submitter.upkeep(await calmHead(client))).to.deep.equal([]);
    await mineWithoutUs();
    await submitter.upkeep(await calmHead(client));
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("cancelled");
  });

  it("reports a revert as a revert", async () => {
    const { client, submitter } = await make();
    const deployed = "0x60006000fd"; // PUSH 0, PUSH 0, REVERT
    await node.ask("hardhat_setCode", RECIPIENT, deployed);
    await submitter.submit(await intent(client, { valueWei: 0n }), await client.head());
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("reverted");
    await node.ask("hardhat_setCode", RECIPIENT, "0x");
  });

  it("refuses when the ceiling does not cover the base fee, and sends nothing", async () => {
    const { client, submitter } = await make();
    const head = { ...(await client.head()), nextBaseFeeWei: FEES.maxFeePerGasWei + 1n };
    node.proxy.seen.length = 0;
    expect(await submitter.submit(await intent(client), head)).to.deep.equal({
      accepted: false,
      refusal: "fee-ceiling",
    });
    expect(node.proxy.count("eth_sendRawTransaction")).to.equal(0);
  });

  it("finds after a restart what it had sent, and settles it", async () => {
    const first = await make();
    const wanted = await intent(first.client, { valueWei: 5n });
    await first.submitter.submit(wanted, await calmHead(first.client));
    await expireLeases(db);
    const second = await make();
    expect(await second.submitter.submit(wanted, await calmHead(second.client))).to.include({ refusal: "in-flight" });
    expect(second.submitter.pending()).to.have.length(1);
    await node.mine();
    expect((await second.submitter.upkeep(await second.client.head()))[0]?.kind).to.equal("mined");
    expect(await nonceOf(second.key.address)).to.equal(1);
  });

  it("stops for good when its nonce was used by bytes it never signed", async () => {
    const { client, submitter, key, names } = await make();
    await submitter.submit(await intent(client), await calmHead(client));
    const thief = await key.sign({
      to: RECIPIENT,
      value: 9n,
      gasLimit: 21_000n,
      nonce: 0,
      chainId: 138,
      type: 2,
      maxFeePerGas: 40n * GWEI,
      maxPriorityFeePerGas: 20n * GWEI,
    });
    await node.ask("eth_sendRawTransaction", thief);
    for (let head = 0; head < 2; head += 1) {
      await node.mine();
      expect(await submitter.upkeep(await client.head())).to.deep.equal([]);
    }
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("foreign");
    const after = await submitter.submit(await intent(client), await client.head());
    expect(after).to.deep.equal({ accepted: false, refusal: "foreign-nonce" });
    expect(names()).to.include("tx.foreign-nonce");
  });

  it("keeps what is in flight when the node cannot be asked", async () => {
    const { client, submitter } = await make(node.client({ retries: 0 }));
    const head = await client.head();
    await submitter.submit(await intent(client), head);
    node.proxy.fault = () => ({ kind: "refuse" });
    let failed = false;
    await submitter.upkeep(head).catch(() => {
      failed = true;
    });
    expect([failed, submitter.pending().length]).to.deep.equal([true, 1]);
    node.proxy.fault = () => undefined;
    await node.mine();
    expect((await submitter.upkeep(await client.head()))[0]?.kind).to.equal("mined");
  });

  it("a dry run signs and sends nothing", async () => {
    const client = node.client();
    const { log, events } = capturedLog();
    node.proxy.seen.length = 0;
    const dry = new DryRunSubmitter(client, signer(), openGate(), FEES, log);
    const answer = await dry.submit(await intent(client), await client.head());
    expect(answer).to.deep.include({ accepted: true, broadcast: false, nonce: 0 });
    expect(node.proxy.count("eth_sendRawTransaction")).to.equal(0);
    expect(events().at(-1)).to.deep.include({ event: "tx.dry-run", signed: true });

    const keyless = new DryRunSubmitter(client, undefined, openGate(), FEES, log);
    const unsigned = await keyless.submit(await intent(client), await client.head());
    expect(unsigned).to.deep.equal({ accepted: true, hash: undefined, nonce: undefined, broadcast: false });
  });
});

describe("keepers/kit/fees", () => {
  it("never offers more than the ceiling and never less than the base fee", () => {
    let offered = 0;
    for (const ceiling of [1n, 7n, 30n, 100n, 10_000n]) {
      for (const tip of [0n, 1n, 50n]) {
        for (const base of [undefined, 0n, 1n, 29n, 30n, 31n, 5_000n]) {
          const policy = { maxFeePerGasWei: ceiling, priorityFeeWei: tip };
          const fees = firstFees(policy, base);
          expect(fees === undefined).to.equal((base ?? 0n) > ceiling);
          if (fees === undefined) continue;
          offered += 1;
          expect(fees.maxFeePerGasWei <= ceiling && fees.maxFeePerGasWei >= (base ?? 0n)).to.equal(true);
          expect(fees.priorityFeeWei <= fees.maxFeePerGasWei).to.equal(true);
          expect(effectivePriceWei(fees, base) <= ceiling).to.equal(true);
          const bumped = replacementFees(fees, policy, base);
          if (bumped === undefined) continue;
          expect(bumped.maxFeePerGasWei * 8n >= fees.maxFeePerGasWei * 9n).to.equal(true);
          expect(bumped.maxFeePerGasWei <= ceiling).to.equal(true);
        }
      }
    }
    expect(offered).to.be.greaterThan(40);
  });
});
