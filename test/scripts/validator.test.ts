import {
  createSolanaRpc,
  isSolanaError,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  type Base64EncodedWireTransaction,
  type KeyPairSigner,
  type Lamports,
  type Signature,
} from "@solana/kit";
import { expect } from "chai";

import { ValidatorServer } from "../../scripts/validator/server.js";
import { ask, askRaw, LAMPORTS_PER_SOL, signWith, testSigner } from "../helpers/solana.js";
import type { RpcReply } from "../helpers/solana.js";
import { SYSTEM_PROGRAM, transferInstruction } from "../../scripts/validator/instructions.js";

interface Status {
  readonly slot: bigint;
  readonly err: unknown;
  readonly confirmationStatus: string;
}
interface WithContext<T> {
  readonly context: { readonly slot: bigint };
  readonly value: T;
}

const AMOUNT = 2_000_000n;

describe("JSON-RPC over LiteSVM", () => {
  let server: ValidatorServer;
  let payer: KeyPairSigner;
  let receiver: KeyPairSigner;
  let url: string;

  before(async () => {
    payer = await testSigner(1);
    receiver = await testSigner(2);
  });

  beforeEach(async () => {
    server = await ValidatorServer.start({ confirmedBlocks: 3, finalizedBlocks: 6 });
    url = server.url;
    await ask(url, "requestAirdrop", payer.address, 100n * LAMPORTS_PER_SOL);
    server.cluster.advance(10);
  });
  afterEach(() => server.stop());

  const latest = async (commitment = "confirmed") => {
    const reply = await ask<WithContext<{ blockhash: string; lastValidBlockHeight: bigint }>>(
      url,
      "getLatestBlockhash",
      { commitment },
    );
    if (reply.result === undefined) throw new Error("no blockhash");
    return reply.result.value;
  };
  const transfer = async (amount = AMOUNT, blockhash?: string) =>
    signWith(payer, blockhash ?? (await latest()).blockhash, [
      transferInstruction(payer.address, receiver.address, amount),
    ]);
  const send = (wire: string, options: object = {}) =>
    ask<string>(url, "sendTransaction", wire, { encoding: "base64", ...options });
  const balance = async (commitment = "processed"): Promise<bigint | undefined> =>
    (await ask<WithContext<bigint>>(url, "getBalance", receiver.address, { commitment })).result?.value;
  const status = async (signature: string, options?: object): Promise<Status | null | undefined> =>
    (await ask<WithContext<(Status | null)[]>>(url, "getSignatureStatuses", [signature], options)).result?.value[0];
  const height = async (commitment: string): Promise<bigint> =>
    (await ask<bigint>(url, "getBlockHeight", { commitment })).result ?? -1n;

  it("serves @solana/kit without change", async () => {
    const rpc = createSolanaRpc(url);
    expect(await rpc.getHealth().send()).to.equal("ok");
    expect(await rpc.getGenesisHash().send()).to.equal(server.cluster.bank.genesisHash);
    const { value: lifetime } = await rpc.getLatestBlockhash({ commitment: "confirmed" }).send();
    const signed = await transfer(AMOUNT, lifetime.blockhash);
    const wire = signed.wire as Base64EncodedWireTransaction;
    const signature = await rpc.sendTransaction(wire, { encoding: "base64", preflightCommitment: "confirmed" }).send();
    expect(signature).to.equal(signed.signature);
    server.cluster.advance(7);
    const { value: statuses } = await rpc.getSignatureStatuses([signature]).send();
    expect(statuses[0]?.confirmationStatus).to.equal("finalized");
    expect((await rpc.getBalance(receiver.address).send()).value).to.equal(AMOUNT);
    const account = await rpc.getAccountInfo(payer.address, { encoding: "base64" }).send();
    expect(account.value?.owner).to.equal(SYSTEM_PROGRAM);
    expect(account.value?.lamports).to.equal(100n * LAMPORTS_PER_SOL - AMOUNT - 5000n);
    const found = await rpc
      .getTransaction(signature, { encoding: "json", maxSupportedTransactionVersion: 0, commitment: "confirmed" })
      .send();
    expect(found?.meta?.fee).to.equal(5000n);
    expect(found?.meta?.err).to.equal(null);
    const history = await rpc.getSignaturesForAddress(receiver.address).send();
    expect(history.map((entry) => entry.signature)).to.deep.equal([signature]);
    const airdrop: Signature = await rpc.requestAirdrop(receiver.address, 5n as Lamports).send();
    expect((await status(airdrop))?.confirmationStatus).to.equal("processed");
    try {
      await rpc.sendTransaction(wire, { encoding: "base64" }).send();
      expect.fail("identical bytes were taken twice");
    } catch (error) {
      expect(isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE)).to.equal(
        true,
      );
    }
  });

  it("SOL-1 executes identical bytes once, however often they come", async () => {
    const signed = await transfer();
    for (let i = 0; i < 5; i += 1) {
      expect((await send(signed.wire, { skipPreflight: true })).result).to.equal(signed.signature);
      server.cluster.advance();
    }
    expect(await balance()).to.equal(AMOUNT);
    const refused = await send(signed.wire, { preflightCommitment: "processed" });
    expect(refused.error?.code).to.equal(-32002n);
    expect((refused.error?.data as { err: unknown }).err).to.equal("AlreadyProcessed");
    // Also when it is delivered a second time behind everybody's back.
    server.cluster.faults.send = () => ({ kind: "duplicate", slots: 2 });
    const doubled = await transfer(AMOUNT + 1n);
    await send(doubled.wire);
    server.cluster.advance(3);
    expect(await balance()).to.equal(2n * AMOUNT + 1n);
  });

  it("SOL-2 takes a blockhash for 150 blocks after its own and refuses it from then on", async () => {
    const { blockhash, lastValidBlockHeight } = await latest("finalized");
    const first = await transfer(AMOUNT, blockhash);
    const second = await transfer(AMOUNT + 1n, blockhash);
    // A node that says height h executes in block h + 1 at most: the last block is lastValidBlockHeight + 1, as in Agave.
    server.cluster.advance(Number(lastValidBlockHeight - (await height("processed")) + 1n));
    expect(await height("processed")).to.equal(lastValidBlockHeight + 1n);
    expect((await send(first.wire, { skipPreflight: true })).error).to.equal(undefined);
    expect(await balance()).to.equal(AMOUNT);
    server.cluster.advance();
    expect((await send(second.wire, { skipPreflight: true })).result).to.equal(second.signature);
    expect(await balance()).to.equal(AMOUNT);
    const refused = await send(second.wire, { preflightCommitment: "processed" });
    expect(refused.error?.code).to.equal(-32002n);
    expect((refused.error?.data as { err: unknown }).err).to.equal("BlockhashNotFound");
    const valid = await ask<WithContext<boolean>>(url, "isBlockhashValid", blockhash, { commitment: "processed" });
    expect(valid.result?.value).to.equal(false);
  });

  it("SOL-3 walks processed, confirmed, finalized and answers each as of its block", async () => {
    const signed = await transfer();
    await send(signed.wire);
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 7; i += 1) {
      seen.push((await status(signed.signature))?.confirmationStatus);
      server.cluster.advance();
    }
    const expected = [["processed", 3] as const, ["confirmed", 3] as const, ["finalized", 1] as const];
    expect(seen).to.deep.equal(expected.flatMap(([name, times]) => Array<string>(times).fill(name)));
    const late = await transfer(AMOUNT + 1n);
    await send(late.wire);
    server.cluster.advance(3);
    expect(await balance("confirmed")).to.equal(2n * AMOUNT + 1n);
    expect(await balance("finalized")).to.equal(AMOUNT);
    expect((await height("processed")) - (await height("confirmed"))).to.equal(3n);
    expect((await height("processed")) - (await height("finalized"))).to.equal(6n);
  });

  it("SOL-4 a dropped fork undoes what was only processed, and the bytes may execute again", async () => {
    const signed = await transfer();
    await send(signed.wire);
    server.cluster.advance(2);
    const heightBefore = await height("processed");
    const slotBefore = (await ask<bigint>(url, "getSlot", { commitment: "processed" })).result ?? 0n;
    expect(server.cluster.fork(3, false)).to.equal(1);
    expect(await height("processed")).to.equal(heightBefore - 2n);
    expect((await ask<bigint>(url, "getSlot", { commitment: "processed" })).result).to.equal(slotBefore + 1n);
    expect(await status(signed.signature, { searchTransactionHistory: true })).to.equal(null);
    expect(await balance()).to.equal(0n);
    await send(signed.wire);
    expect(await balance()).to.equal(AMOUNT);
    server.cluster.advance(3);
    expect(() => server.cluster.fork(4, false)).to.throw(RangeError);
    expect((await status(signed.signature))?.confirmationStatus).to.equal("confirmed");
  });

  it("a blockhash of a dropped fork is worth nothing", async () => {
    const { blockhash } = await latest("processed");
    const signed = await transfer(AMOUNT, blockhash);
    server.cluster.fork(2, false);
    await send(signed.wire, { skipPreflight: true });
    expect(await balance()).to.equal(0n);
  });

  it("drops, delays and loses replies on request", async () => {
    const faults = server.cluster.faults;
    faults.send = () => ({ kind: "drop" });
    const dropped = await transfer();
    expect((await send(dropped.wire)).result).to.equal(dropped.signature);
    expect(await balance()).to.equal(0n);
    faults.send = () => ({ kind: "delay", slots: 2 });
    await send(dropped.wire);
    server.cluster.advance();
    expect(await balance()).to.equal(0n);
    server.cluster.advance();
    expect(await balance()).to.equal(AMOUNT);
    faults.send = () => ({ kind: "lose-reply" });
    const lost = await transfer(AMOUNT + 1n);
    const failed = await send(lost.wire).then(
      () => false,
      () => true,
    );
    expect(failed).to.equal(true);
    expect(await balance()).to.equal(2n * AMOUNT + 1n);
    faults.request = (method) => (method === "getSlot" ? "unhealthy" : undefined);
    expect((await ask(url, "getSlot")).error?.code).to.equal(-32005n);
  });

  it("answers mistakes with Solana's codes", async () => {
    const code = async (method: string, ...params: unknown[]) => (await ask(url, method, ...params)).error?.code;
    expect(await code("getNothing")).to.equal(-32601n);
    expect(await code("getBalance", "not an address")).to.equal(-32602n);
    expect(await code("sendTransaction", "%%%", { encoding: "base64" })).to.equal(-32602n);
    expect(await code("sendTransaction", Buffer.alloc(1300).toString("base64"), { encoding: "base64" })).to.equal(
      -32602n,
    );
    expect(await code("getBalance", payer.address, { minContextSlot: 10_000n })).to.equal(-32016n);
    const signed = await transfer();
    const bytes = Buffer.from(signed.wire, "base64");
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    expect(await code("sendTransaction", bytes.toString("base64"), { encoding: "base64" })).to.equal(-32003n);
    const tooMuch = await transfer(1000n * LAMPORTS_PER_SOL);
    const refused = await send(tooMuch.wire);
    expect(refused.error?.code).to.equal(-32002n);
    const data = refused.error?.data as { err: unknown; logs: string[] };
    expect(data.err).to.deep.equal({ InstructionError: [0n, { Custom: 1n }] });
    expect(data.logs.length).to.be.greaterThan(0);
    // Past preflight the same transaction is in a block, paid for, with its error.
    await send(tooMuch.wire, { skipPreflight: true });
    expect((await status(tooMuch.signature))?.err).to.deep.equal({ InstructionError: [0n, { Custom: 1n }] });
    server.cluster.advance(7);
    const versioned = await ask(url, "getTransaction", tooMuch.signature, { encoding: "json" });
    expect(versioned.error?.code).to.equal(-32015n);
  });

  it("answers batches in order, and malformed bodies", async () => {
    const call = (id: number, method: string) => ({ jsonrpc: "2.0", id, method });
    const batch = (await askRaw(url, [
      call(1, "getHealth"),
      call(2, "nothing"),
      call(3, "getHealth"),
    ])) as RpcReply<string>[];
    expect(batch.map((reply) => reply.result ?? reply.error?.code)).to.deep.equal(["ok", -32601n, "ok"]);
    expect(((await askRaw(url, "{")) as RpcReply<never>).error?.code).to.equal(-32700n);
    expect(((await askRaw(url, [])) as RpcReply<never>).error?.code).to.equal(-32600n);
    expect(((await askRaw(url, { id: 1 })) as RpcReply<never>).error?.code).to.equal(-32600n);
  });

  it("forgets old statuses unless the history is searched, and all of a purged ledger", async () => {
    const signed = await transfer();
    await send(signed.wire);
    server.cluster.advance(302);
    expect(await status(signed.signature)).to.equal(null);
    expect((await status(signed.signature, { searchTransactionHistory: true }))?.confirmationStatus).to.equal(
      "finalized",
    );
    expect((await ask<bigint>(url, "getFirstAvailableBlock")).result).to.equal(0n);
  });

  it("simulates without keeping anything", async () => {
    const signed = await transfer(AMOUNT, SYSTEM_PROGRAM);
    const options = { encoding: "base64", replaceRecentBlockhash: true, accounts: { addresses: [receiver.address] } };
    const reply = await ask<WithContext<{ err: unknown; accounts: { lamports: bigint }[]; unitsConsumed: bigint }>>(
      url,
      "simulateTransaction",
      signed.wire,
      options,
    );
    expect(reply.result?.value.err).to.equal(null);
    expect(reply.result?.value.unitsConsumed).to.equal(150n);
    expect(reply.result?.value.accounts[0]?.lamports).to.equal(AMOUNT);
    expect(await balance()).to.equal(0n);
  });
});
