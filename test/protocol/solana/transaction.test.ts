import {
  AccountRole,
  getAddressEncoder,
  getBase64Encoder,
  getCompiledTransactionMessageDecoder,
  getTransactionDecoder,
  lamports,
  type Address,
  type Instruction,
} from "@solana/kit";
import { expect } from "chai";
import fc from "fast-check";

import { PermanentError, RevertError } from "../../../protocol/errors.js";
import { requireCluster } from "../../../protocol/solana/cluster.js";
import { SYSTEM_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { connectionRpc, readAccounts, type SolanaRpc } from "../../../protocol/solana/rpc.js";
import { buildTransaction, MAX_TRANSACTION_BYTES, priceFor, withMargin } from "../../../protocol/solana/transaction.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { readVaultState } from "../../../protocol/solana/vaultState.js";
import { describeWith } from "../../helpers/describeWith.js";
import { codeOf } from "../../helpers/rejection.js";
import { VaultNode } from "../../helpers/solanaVault/node.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";
import { keyOf } from "../../helpers/solanaVault/svm.js";

const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111" as Address;
const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111";
const MAINNET = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const DEVNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";

/** `node` with another answer to one request. */
function answering(rpc: SolanaRpc, method: string, answer: (honest: unknown) => unknown): SolanaRpc {
  return {
    request: async (asked, params) => {
      const honest = await rpc.request(asked, params);
      return asked === method ? answer(honest) : honest;
    },
  };
}

describeWith("ownCluster", "transaction builder", () => {
  let rig: VaultRig;
  let node: VaultNode;
  let mint: TestMint;
  let alice: Depositor;

  before(async () => {
    rig = await VaultRig.create();
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    node = await VaultNode.start(rig);
  });
  after(() => node.stop());

  const deposits = async (count: number): Promise<Instruction[]> =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        rig.instructions.deposit({ vault: alice.vault, mint }, BigInt(index + 1)),
      ),
    );
  const payer = (): Address => alice.key.address;
  const decode = (transaction: string) =>
    getCompiledTransactionMessageDecoder().decode(
      getTransactionDecoder().decode(getBase64Encoder().encode(transaction)).messageBytes,
    );

  it("sets the compute budget to what the simulation used and a fifth more", async () => {
    const built = await buildTransaction(node.rpc, { payer: payer(), instructions: await deposits(2) });
    const used = built.simulation.computeUnits;
    expect(used > 0n).to.equal(true);
    expect(BigInt(built.computeUnitLimit)).to.equal((used * 12n + 9n) / 10n);
    const message = decode(built.transaction);
    if (!("instructions" in message)) throw new Error("no instructions");
    const [limit] = message.instructions;
    expect(message.staticAccounts[limit?.programAddressIndex ?? 0]).to.equal(COMPUTE_BUDGET);
    const { data = new Uint8Array() } = limit ?? {};
    expect(new DataView(Uint8Array.from(data).buffer).getUint32(1, true)).to.equal(built.computeUnitLimit);
    expect(message.version).to.equal(0);
    expect(message.lifetimeToken).to.equal(built.blockhash);
    expect(built.feeLamports).to.equal(5_000n);
    // What was simulated is what happens.
    await node.send(built, [alice.key]);
  });

  it("does not take a simulation for free that does not say what it used", async () => {
    const silent = answering(node.rpc, "simulateTransaction", (honest) => {
      const { value, ...rest } = honest as { value: Record<string, unknown> };
      return { ...rest, value: { ...value, unitsConsumed: undefined } };
    });
    const instructions = await deposits(1);
    expect(await codeOf(buildTransaction(silent, { payer: payer(), instructions }))).to.equal("RPC_MALFORMED");
    const refused = answering(silent, "simulateTransaction", (honest) => {
      const { value, ...rest } = honest as { value: Record<string, unknown> };
      return { ...rest, value: { ...value, err: "AccountNotFound", logs: null, unitsConsumed: null } };
    });
    expect(await codeOf(buildTransaction(refused, { payer: payer(), instructions }))).to.equal("REVERTED");
  });

  it("reads a vault again when its accounts were read at different slots", async () => {
    // As many accounts that are gone again as make two pages of one request.
    const gone = await Promise.all(Array.from({ length: 101 }, (_, index) => keyOf(`gone ${String(index)}`)));
    let pages = 0;
    const moving = (attempts: number): SolanaRpc =>
      answering(
        answering(node.rpc, "getProgramAccounts", (honest) => {
          const account = { data: ["", "base64"], owner: SYSTEM_PROGRAM, lamports: 1, executable: false };
          const found = honest as unknown[];
          return found.length > 0 ? found : gone.map(({ address }) => ({ pubkey: address, account }));
        }),
        "getMultipleAccounts",
        // Each attempt asks for the balance, then for two pages.
        (honest) => {
          pages += 1;
          const slot = pages > 3 * attempts ? 0 : pages;
          return { ...(honest as { value: unknown[] }), context: { slot } };
        },
      );
    const read = (attempts: number) => {
      pages = 0;
      return readVaultState(moving(attempts), vaultProgram, payer(), "confirmed");
    };
    expect((await read(1)).account.owner).to.equal(payer());
    expect(await codeOf(read(3))).to.equal("STATE_MOVED");
  });

  it("offers a percentile of recent prices, under a ceiling for the whole transaction", async () => {
    const prices = [10n, 0n, 30n, 20n].map((fee, slot) => ({ slot, prioritizationFee: Number(fee) * 1_000_000 }));
    const rpc = answering(node.rpc, "getRecentPrioritizationFees", () => prices);
    const build = (percentile: number, ceilingLamports: bigint) =>
      deposits(1).then((instructions) =>
        buildTransaction(rpc, { payer: payer(), instructions, priorityFee: { percentile, ceilingLamports } }),
      );
    const median = await build(50, 1_000_000_000n);
    expect(median.microLamportsPerUnit).to.equal(10_000_000n);
    expect((await build(100, 1_000_000_000n)).microLamportsPerUnit).to.equal(30_000_000n);
    const bounded = await build(100, 1_000n);
    expect(bounded.feeLamports <= 6_000n).to.equal(true);
    expect(bounded.feeLamports > 5_900n).to.equal(true);
  });

  it("never prices above the ceiling, whatever the numbers", () => {
    const anyPrice = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    fc.assert(
      fc.property(
        fc.array(anyPrice, { maxLength: 150 }),
        fc.integer({ min: 0, max: 100 }),
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.bigInt({ min: 0n, max: 2_000_000n }),
        (prices, percentile, ceilingLamports, used) => {
          const limit = withMargin(used, 2_000n);
          const price = priceFor(prices, { percentile, ceilingLamports }, limit);
          expect(limit <= 1_400_000).to.equal(true);
          expect(price * BigInt(limit) <= ceilingLamports * 1_000_000n).to.equal(true);
          expect(prices.length === 0 ? price === 0n : prices.some((one) => one >= price)).to.equal(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("fails with the program's error, the instruction's position left to the caller", async () => {
    const first = await deposits(1);
    const second = await rig.instructions.withdraw({ vault: alice.vault, mint }, 10_000n);
    const work = buildTransaction(node.rpc, { payer: payer(), instructions: [...first, second] });
    const error: unknown = await work.catch((thrown: unknown) => thrown);
    if (!(error instanceof RevertError)) throw new Error(String(error));
    expect(error.revertName).to.equal("InsufficientAvailable");
    expect(error.details["revertName"]).to.equal("InsufficientAvailable");
  });

  it("refuses what does not fit, and says which instructions make it large", async () => {
    const keys = await Promise.all(Array.from({ length: 30 }, (_, index) => keyOf(`far ${String(index)}`)));
    const wide: Instruction = {
      programAddress: SYSTEM_PROGRAM as Address,
      accounts: keys.map(({ address }) => ({ address, role: AccountRole.READONLY })),
    };
    const deposit = await deposits(1);
    const work = buildTransaction(node.rpc, { payer: payer(), instructions: [...deposit, wide] });
    const error: unknown = await work.catch((thrown: unknown) => thrown);
    if (!(error instanceof PermanentError)) throw new Error(String(error));
    expect(error.code).to.equal("TRANSACTION_TOO_LARGE");
    expect(Number(error.details["bytes"])).to.be.above(MAX_TRANSACTION_BYTES);
    expect(error.details["instructions"]).to.match(
      /^system \d+ bytes \(\d+ addresses\), collateralVault\.deposit \d+ bytes/,
    );
    expect(error.fix).to.be.a("string");
    const more = await Promise.all(Array.from({ length: 70 }, (_, index) => keyOf(`farther ${String(index)}`)));
    const tooMany = { ...wide, accounts: more.map(({ address }) => ({ address, role: AccountRole.READONLY })) };
    const code = await codeOf(buildTransaction(node.rpc, { payer: payer(), instructions: [tooMany] }));
    expect(code).to.equal("TOO_MANY_ACCOUNTS");
  });

  describe("with a lookup table", () => {
    let table: Address;
    const tableAccount = (addresses: readonly Address[], changes: { deactivated?: bigint; extended?: bigint } = {}) => {
      const data = new Uint8Array(56 + 32 * addresses.length);
      const view = new DataView(data.buffer);
      view.setUint32(0, 1, true);
      view.setBigUint64(4, changes.deactivated ?? (1n << 64n) - 1n, true);
      view.setBigUint64(12, changes.extended ?? 0n, true);
      addresses.forEach((address, index) => {
        data.set(getAddressEncoder().encode(address), 56 + 32 * index);
      });
      return data;
    };
    const put = (data: Uint8Array, owner = LOOKUP_TABLE_PROGRAM): void => {
      node.cluster.setAccount({
        address: table,
        data,
        executable: false,
        lamports: lamports(10_000_000n),
        programAddress: owner,
        space: BigInt(data.length),
      });
    };
    const build = async () =>
      buildTransaction(node.rpc, { payer: payer(), instructions: await deposits(1), lookupTables: [table] });

    // One for each test: a table that a transaction has used never loses an address.
    let tables = 0;
    beforeEach(async () => {
      table = (await keyOf(`table ${String((tables += 1))}`)).address;
    });

    it("is smaller, and runs", async () => {
      const [deposit] = await deposits(1);
      const plain = await buildTransaction(node.rpc, { payer: payer(), instructions: await deposits(1) });
      put(tableAccount((deposit?.accounts ?? []).map(({ address }) => address)));
      const small = await build();
      expect(small.bytes).to.be.below(plain.bytes - 100);
      const message = decode(small.transaction);
      expect("addressTableLookups" in message && message.addressTableLookups).to.have.length(1);
      await node.send(small, [alice.key]);
    });

    it("leaves out what was added a moment ago", async () => {
      const [deposit] = await deposits(1);
      const { slot: extended } = node.cluster;
      put(
        tableAccount(
          (deposit?.accounts ?? []).map(({ address }) => address),
          { extended },
        ),
      );
      const built = await build();
      const message = decode(built.transaction);
      expect("addressTableLookups" in message ? (message.addressTableLookups ?? []) : []).to.deep.equal([]);
    });

    it("is refused when it is no table or is being closed", async () => {
      put(tableAccount([], { deactivated: 5n }));
      expect(await codeOf(build())).to.equal("LOOKUP_TABLE");
      put(new Uint8Array(56), SYSTEM_PROGRAM as Address);
      expect(await codeOf(build())).to.equal("LOOKUP_TABLE");
      table = (await keyOf("no table")).address;
      expect(await codeOf(build())).to.equal("LOOKUP_TABLE");
    });
  });
});

describe("the cluster behind a connection", () => {
  const of = (genesisHash: string): SolanaRpc => ({ request: () => Promise.resolve(genesisHash) });

  const expected = (genesisHash: string, programs: Readonly<Record<string, string>> = {}) => ({
    network: "solana-test",
    params: { genesisHash, programs },
  });

  it("is what the caller expects, or nothing is built", async () => {
    const programs = { vault: vaultProgram.id };
    expect(await requireCluster(of("some hash"), expected("local", programs))).to.equal("some hash");
    expect(await requireCluster(of(DEVNET), expected(DEVNET))).to.equal(DEVNET);
    expect(await codeOf(requireCluster(of(MAINNET), expected(DEVNET)))).to.equal("WRONG_CLUSTER");
    expect(await codeOf(requireCluster(of(MAINNET), expected("local")))).to.equal("WRONG_CLUSTER");
    expect(await codeOf(requireCluster(of("some hash"), expected(MAINNET)))).to.equal("WRONG_CLUSTER");
  });

  it("does not get the programs whose keys are published, unless it is local", async () => {
    const published = expected(MAINNET, { vault: vaultProgram.id });
    expect(await codeOf(requireCluster(of(MAINNET), published))).to.equal("LOCAL_PROGRAM_KEY");
    expect(await requireCluster(of(MAINNET), expected(MAINNET, { vault: SYSTEM_PROGRAM }))).to.equal(MAINNET);
  });

  it("is not believed when its answers have another shape", async () => {
    const broken: SolanaRpc = { request: () => Promise.resolve({ value: [{}] }) };
    expect(await codeOf(requireCluster(broken, expected("local")))).to.equal("RPC_MALFORMED");
    expect(await codeOf(readAccounts(broken, [vaultProgram.id], "confirmed"))).to.equal("RPC_MALFORMED");
    const silent = connectionRpc({ _rpcRequest: () => Promise.resolve({}) } as never);
    expect(await codeOf(silent.request("getSlot", []))).to.equal("RPC_MALFORMED");
    const busy = connectionRpc({
      _rpcRequest: () => Promise.resolve({ error: { code: -32005, message: "behind" } }),
    } as never);
    expect(await codeOf(busy.request("getSlot", []))).to.equal("RPC_BUSY");
    const refusing = connectionRpc({
      _rpcRequest: () => Promise.resolve({ error: { code: -32602, message: "no" } }),
    } as never);
    expect(await codeOf(refusing.request("getSlot", []))).to.equal("RPC_REFUSED");
  });

  it("is read at one slot, or again", async () => {
    let slot = 1;
    const moving: SolanaRpc = {
      request: (_method, [addresses]) =>
        Promise.resolve({ context: { slot: (slot += 1) }, value: (addresses as unknown[]).map(() => null) }),
    };
    const many = await Promise.all(Array.from({ length: 101 }, (_, index) => keyOf(`many ${String(index)}`)));
    const addresses = many.map(({ address }) => address);
    expect(await codeOf(readAccounts(moving, addresses, "confirmed"))).to.equal("STATE_MOVED");
    expect((await readAccounts(moving, addresses.slice(0, 100), "confirmed")).accounts.size).to.equal(0);
  });

  it("is not believed when a page has fewer or more accounts than were asked for", async () => {
    const many = await Promise.all(Array.from({ length: 101 }, (_, index) => keyOf(`many ${String(index)}`)));
    const addresses = many.map(({ address }) => address);
    const account = { data: ["", "base64"], owner: SYSTEM_PROGRAM, lamports: 1, executable: false };
    for (const [first, second] of [
      [99, 1],
      [99, 2],
      [100, 0],
      [100, 2],
    ]) {
      const wrong: SolanaRpc = {
        request: (_method, [page]) => {
          const { length } = page as unknown[];
          return Promise.resolve({
            context: { slot: 1 },
            value: new Array(length === 100 ? first : second).fill(account),
          });
        },
      };
      expect(await codeOf(readAccounts(wrong, addresses, "confirmed"))).to.equal("RPC_MALFORMED");
    }
  });
});
