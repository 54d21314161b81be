import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import {
  AccountRole,
  getAddressEncoder,
  getProgramDerivedAddress,
  type Address,
  type KeyPairSigner,
} from "@solana/kit";
import { expect } from "chai";

import { Cluster } from "../../../scripts/validator/cluster.js";
import { SYSTEM_PROGRAM, transferInstruction } from "../../../scripts/validator/instructions.js";
import { loadUpgradeable } from "../../../scripts/validator/programs.js";
import { StateKeeper } from "../../../scripts/validator/state/keeper.js";
import { StateDirectory } from "../../../scripts/validator/state/stateDirectory.js";
import { TOKEN_PROGRAM } from "../../../scripts/validator/tokenState.js";
import { decodeWire } from "../../../scripts/validator/wire.js";
import { codeOf } from "../../helpers/rejection.js";
import { LAMPORTS_PER_SOL, signWith, testSigner } from "../../helpers/solana.js";

const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
const ASSOCIATED_TOKEN = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" as Address;
const WRAPPED_SOL = "So11111111111111111111111111111111111111112" as Address;

describe("a local cluster kept on disk", () => {
  let folder: string;
  let payer: KeyPairSigner;
  let receiver: Address;
  let programId: Address;

  before(async () => {
    payer = await testSigner(1);
    receiver = (await testSigner(2)).address;
    programId = (await testSigner(3)).address;
  });
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(tmpdir(), "validator-"));
  });
  afterEach(() => fs.rm(folder, { recursive: true }));

  const open = async () => {
    const directory = await StateDirectory.open(folder);
    const saved = await directory.load();
    const cluster = await Cluster.create(saved === undefined ? {} : { saved, airdrops: saved.airdrops });
    return { cluster, directory, keeper: new StateKeeper(cluster, directory) };
  };
  const send = async (cluster: Cluster, ...parts: Parameters<typeof signWith>[2]) => {
    const { wire } = await signWith(payer, cluster.bank.blocks.parent.blockhash, parts);
    const decoded = decodeWire(wire, "base64");
    const delivery = cluster.bank.deliver(decoded);
    if ("refused" in delivery) throw new Error(JSON.stringify(delivery.refused));
    return { wire: decoded, executed: delivery.executed };
  };
  const airdrop = async ({ bank, faucet }: Cluster) => {
    bank.deliver(await faucet.airdrop(payer.address, 10n * LAMPORTS_PER_SOL));
  };
  const memo = (text: string) => ({ programAddress: programId, accounts: [], data: new TextEncoder().encode(text) });

  it("goes on where it was: accounts, programs, history, blockhashes, and nothing happens twice", async () => {
    const first = await open();
    const { bank } = first.cluster;
    await airdrop(first.cluster);
    const so = bank.account(MEMO)?.data as Uint8Array;
    await loadUpgradeable(bank, { programId, so, upgradeAuthority: payer.address, slot: 1n });
    const paid = await send(first.cluster, transferInstruction(payer.address, receiver, LAMPORTS_PER_SOL));
    first.cluster.advance(3);
    const failed = await send(first.cluster, transferInstruction(payer.address, receiver, 1_000n * LAMPORTS_PER_SOL));
    // Calls a program that calls others: inner instructions, return data.
    const tokens = await send(first.cluster, await createTokenAccount(payer.address));
    expect(tokens.executed.error).to.equal(null);
    expect(tokens.executed.innerInstructions.flat()).to.not.be.empty;
    const { blockhash } = bank.blocks.parent;
    await first.keeper.stop();

    const second = await open();
    const again = second.cluster.bank;
    expect(again.genesisHash).to.equal(bank.genesisHash);
    expect(again.blocks.open.slot > bank.blocks.open.slot).to.equal(true);
    expect(again.blocks.open.time >= bank.blocks.open.time).to.equal(true);
    for (const { wire, executed } of [paid, failed, tokens]) {
      expect(again.history.get(wire.signature)).to.deep.equal(executed);
      expect(again.deliver(wire)).to.have.property("refused", "AlreadyProcessed");
      expect(again.blocks.commitmentOf(executed.slot)).to.equal("finalized");
    }
    const signatures = (of: typeof bank) => of.history.of(payer.address).map(({ wire }) => wire.signature);
    expect(signatures(again)).to.deep.equal(signatures(bank));
    for (const address of [payer.address, receiver, programId]) {
      expect(again.account(address)).to.deep.equal(bank.account(address));
    }
    expect(again.isBlockhashValid(blockhash, again.blocks.open)).to.equal(true);
    const { executed } = await send(second.cluster, memo("still here"));
    expect(executed.logs).to.include("Program log: still here");
    // An airdrop of the same amount is another transaction than those before.
    await airdrop(second.cluster);
    expect(again.account(payer.address)?.lamports).to.equal(
      (bank.account(payer.address)?.lamports ?? 0n) - 5_000n + 10n * LAMPORTS_PER_SOL,
    );
    await second.keeper.stop();
  });

  it("goes on from the last complete state after a death at any place of a save", async () => {
    const { cluster, directory, keeper } = await open();
    await airdrop(cluster);
    await keeper.save();
    const bankFile = await fs.readFile(path.join(folder, "bank.bin"));
    const balance = cluster.bank.account(payer.address)?.lamports;
    const later = await send(cluster, transferInstruction(payer.address, receiver, LAMPORTS_PER_SOL));
    await keeper.save();
    await directory.close();
    // The transactions are written, the bank is not; half of the next bank lies beside it.
    await fs.writeFile(path.join(folder, "bank.bin"), bankFile);
    await fs.writeFile(path.join(folder, "bank.bin.next"), bankFile.subarray(0, 1_000));
    const second = await open();
    expect(second.cluster.bank.history.get(later.wire.signature)).to.equal(undefined);
    expect(second.cluster.bank.account(payer.address)?.lamports).to.equal(balance);
    await send(second.cluster, transferInstruction(payer.address, receiver, 2n * LAMPORTS_PER_SOL));
    await second.keeper.stop();
    const third = await open();
    expect(third.cluster.bank.account(receiver)?.lamports).to.equal(2n * LAMPORTS_PER_SOL);
    expect(third.cluster.bank.history.size).to.equal(2);
    await third.directory.close();
  });

  it("begins anew after a death in its first save, and keeps what happens then", async () => {
    const { cluster, directory, keeper } = await open();
    await airdrop(cluster);
    await keeper.save();
    await directory.close();
    const ledger = path.join(folder, "transactions.ndjson");
    const lines = await fs.readFile(ledger);
    // All transactions are written, or some of them; the bank never was.
    for (const written of [lines, lines.subarray(0, -40)]) {
      await fs.rm(path.join(folder, "bank.bin"), { force: true });
      await fs.writeFile(ledger, written);
      const second = await open();
      expect(second.cluster.bank.history.size).to.equal(0);
      await airdrop(second.cluster);
      await second.keeper.stop();
      const third = await open();
      expect(third.cluster.bank.history.size).to.equal(1);
      await third.directory.close();
    }
  });

  it("goes on after half a line, and keeps what a save that failed was to keep", async () => {
    const { cluster, directory, keeper } = await open();
    await airdrop(cluster);
    await keeper.save();
    await fs.appendFile(path.join(folder, "transactions.ndjson"), '{"half');
    await fs.mkdir(path.join(folder, "bank.bin.next"));
    const paid = await send(cluster, transferInstruction(payer.address, receiver, LAMPORTS_PER_SOL));
    expect(
      await keeper.save().then(
        () => "saved",
        () => "failed",
      ),
    ).to.equal("failed");
    await fs.rmdir(path.join(folder, "bank.bin.next"));
    await keeper.save();
    await directory.close();
    const second = await open();
    expect(second.cluster.bank.history.size).to.equal(2);
    expect(second.cluster.bank.history.get(paid.wire.signature)).to.deep.equal(paid.executed);
    await second.directory.close();
  });

  it("is left as it is when it cannot be read", async () => {
    const { cluster, keeper } = await open();
    await airdrop(cluster);
    await keeper.stop();
    const ledger = path.join(folder, "transactions.ndjson");
    const good = await fs.readFile(ledger);
    const damaged = Buffer.concat([Buffer.from("?"), good.subarray(1), Buffer.from('{"more":1}\n')]);
    await fs.writeFile(ledger, damaged);
    expect(await codeOf(open())).to.equal("STATE_UNREADABLE");
    expect(Buffer.compare(await fs.readFile(ledger), damaged)).to.equal(0);
  });

  it("is read whole or not at all", async () => {
    const { cluster, keeper } = await open();
    await airdrop(cluster);
    await keeper.stop();
    const file = path.join(folder, "bank.bin");
    const good = await fs.readFile(file);
    const ledger = path.join(folder, "transactions.ndjson");
    const lines = await fs.readFile(ledger);
    const damaged = Buffer.from(good);
    damaged.writeUInt8(damaged.readUInt8(5_000) ^ 1, 5_000);
    for (const bytes of [Buffer.alloc(0), good.subarray(0, 10_000), damaged]) {
      await fs.writeFile(file, bytes);
      expect(await codeOf(open())).to.equal("STATE_UNREADABLE");
    }
    await fs.writeFile(file, good);
    await fs.writeFile(ledger, lines.subarray(1));
    expect(await codeOf(open())).to.equal("STATE_UNREADABLE");
    await fs.writeFile(ledger, lines);
    expect((await open()).cluster.bank.history.size).to.equal(1);
  });

  it("belongs to one process", async () => {
    // Process 1 is always there; a number that no system gives is not.
    await fs.writeFile(path.join(folder, "validator.pid"), "1");
    expect(await codeOf(StateDirectory.open(folder))).to.equal("STATE_IN_USE");
    await fs.writeFile(path.join(folder, "validator.pid"), "4194305");
    const directory = await StateDirectory.open(folder);
    await directory.close();
    expect(await fs.readdir(folder)).to.be.empty;
  });
});

/** Makes the payer's account for wrapped SOL, by calls of the token and system programs. */
async function createTokenAccount(payer: Address) {
  const address = getAddressEncoder();
  const seeds = [address.encode(payer), address.encode(TOKEN_PROGRAM), address.encode(WRAPPED_SOL)];
  const [account] = await getProgramDerivedAddress({ programAddress: ASSOCIATED_TOKEN, seeds });
  const { READONLY, WRITABLE, WRITABLE_SIGNER } = AccountRole;
  return {
    programAddress: ASSOCIATED_TOKEN,
    accounts: [
      { address: payer, role: WRITABLE_SIGNER },
      { address: account, role: WRITABLE },
      { address: payer, role: READONLY },
      { address: WRAPPED_SOL, role: READONLY },
      { address: SYSTEM_PROGRAM, role: READONLY },
      { address: TOKEN_PROGRAM, role: READONLY },
    ],
    data: new Uint8Array(),
  };
}
