/** The flow of @solana/web3.js 1.x. */
import {
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  Keypair,
  LAMPORTS_PER_SOL,
  SendTransactionError,
  sendAndConfirmTransaction,
  SystemProgram,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
  type AccountInfo,
  type Connection,
  type Logs,
  type SlotInfo,
} from "@solana/web3.js";
import { expect } from "chai";

import { COMMITMENT, connectTo, disconnect, eventually, first, fundedKey, type Endpoint } from "./endpoint.js";

const PRICE_MICRO_LAMPORTS = 20_000;

export function web3Flow(endpoint: () => Endpoint): void {
  let connection: Connection;
  let payer: Keypair;
  const transfer = (to: Keypair, lamports: number) =>
    SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to.publicKey, lamports });

  before(async () => {
    connection = connectTo(endpoint());
    payer = await fundedKey(connection);
  });
  after(() => {
    disconnect(connection);
  });

  it("knows the cluster", async () => {
    expect(await connection.getGenesisHash()).to.match(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/);
    expect((await connection.getVersion())["solana-core"]).to.be.a("string");
    const epoch = await connection.getEpochInfo();
    expect(epoch.absoluteSlot).to.be.at.least(epoch.blockHeight ?? 0);
    const slot = await connection.getSlot("finalized");
    expect(await connection.getSlot("processed")).to.be.at.least(slot);
    expect(await connection.getMinimumBalanceForRentExemption(165)).to.be.greaterThan(0);
    const { blockhash } = await connection.getLatestBlockhash();
    expect((await connection.isBlockhashValid(blockhash, { commitment: "processed" })).value).to.equal(true);
  });

  it("sends, is told, and finds it in the history", async () => {
    const receiver = Keypair.generate();
    const changed = first<AccountInfo<Buffer>>();
    const logged = first<Logs>();
    const passed = first<SlotInfo>();
    const accountId = connection.onAccountChange(receiver.publicKey, changed.listener, { commitment: COMMITMENT });
    const logsId = connection.onLogs(receiver.publicKey, logged.listener, COMMITMENT);
    const slotId = connection.onSlotChange(passed.listener);
    // Subscriptions are asked for in the background: the first slot shows that they are there.
    const { slot } = await passed.value;
    const signature = await sendAndConfirmTransaction(
      connection,
      new Transaction().add(transfer(receiver, LAMPORTS_PER_SOL / 2)),
      [payer],
      { commitment: COMMITMENT },
    );
    expect((await changed.value).lamports).to.equal(LAMPORTS_PER_SOL / 2);
    expect((await logged.value).signature).to.equal(signature);
    await connection.removeAccountChangeListener(accountId);
    await connection.removeOnLogsListener(logsId);
    await connection.removeSlotChangeListener(slotId);

    const { value: status } = await connection.getSignatureStatus(signature);
    expect(status?.err).to.equal(null);
    expect(status?.slot).to.be.at.least(slot - 1);
    const found = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(found?.meta?.fee).to.equal(5_000);
    expect(found?.blockTime).to.be.a("number");
    const parsed = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(parsed?.transaction.message.accountKeys[0]).to.include({ signer: true, writable: true });
    expect(parsed?.transaction.message.instructions[0]).to.have.nested.property("parsed.type", "transfer");

    const second = await sendAndConfirmTransaction(connection, new Transaction().add(transfer(receiver, 7)), [payer]);
    const list = async (options: object) =>
      (await connection.getSignaturesForAddress(receiver.publicKey, options)).map((entry) => entry.signature);
    expect(await list({})).to.deep.equal([second, signature]);
    expect(await list({ limit: 1 })).to.deep.equal([second]);
    expect(await list({ before: second })).to.deep.equal([signature]);
    expect(await list({ until: signature })).to.deep.equal([second]);
  });

  it("pays the fee that it was told, and the price shows among the recent ones", async () => {
    const receiver = await fundedKey(connection);
    const lifetime = await connection.getLatestBlockhash();
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: lifetime.blockhash,
      instructions: [
        ComputeBudgetProgram.setComputeUnitLimit({ units: 30_000 }),
        ComputeBudgetProgram.setComputeUnitPrice({ microLamports: PRICE_MICRO_LAMPORTS }),
        transfer(receiver, 1),
      ],
    }).compileToV0Message();
    const { value: fee } = await connection.getFeeForMessage(message);
    expect(fee).to.equal(5_000 + 600);
    const transaction = new VersionedTransaction(message);
    transaction.sign([payer]);
    const signature = await connection.sendTransaction(transaction);
    await connection.confirmTransaction({ signature, ...lifetime }, COMMITMENT);
    const found = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(found?.meta?.fee).to.equal(fee);
    await eventually(async () => {
      const fees = await connection.getRecentPrioritizationFees({ lockedWritableAccounts: [receiver.publicKey] });
      return fees.find(({ prioritizationFee }) => prioritizationFee === PRICE_MICRO_LAMPORTS);
    }, "a recent fee");
  });

  it("finds accounts through a lookup table", async () => {
    const receivers = [Keypair.generate(), Keypair.generate()];
    const [create, table] = AddressLookupTableProgram.createLookupTable({
      authority: payer.publicKey,
      payer: payer.publicKey,
      recentSlot: await connection.getSlot("finalized"),
    });
    const extend = AddressLookupTableProgram.extendLookupTable({
      lookupTable: table,
      authority: payer.publicKey,
      payer: payer.publicKey,
      addresses: receivers.map(({ publicKey }) => publicKey),
    });
    await sendAndConfirmTransaction(connection, new Transaction().add(create, extend), [payer]);
    const { value: account } = await connection.getAddressLookupTable(table);
    if (account === null) throw new Error("no table");
    expect(account.state.addresses.map(String)).to.deep.equal(receivers.map(({ publicKey }) => String(publicKey)));
    // Entries of a table are good from the slot after the one that added them.
    const added = account.state.lastExtendedSlot;
    await eventually(async () => ((await connection.getSlot(COMMITMENT)) > added ? true : undefined), "the next slot");
    const lifetime = await connection.getLatestBlockhash();
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: lifetime.blockhash,
      instructions: receivers.map((receiver) => transfer(receiver, LAMPORTS_PER_SOL / 100)),
    }).compileToV0Message([account]);
    expect(message.staticAccountKeys).to.have.lengthOf(2);
    const transaction = new VersionedTransaction(message);
    transaction.sign([payer]);
    const signature = await connection.sendTransaction(transaction);
    await connection.confirmTransaction({ signature, ...lifetime }, COMMITMENT);
    for (const receiver of receivers) {
      expect(await connection.getBalance(receiver.publicKey)).to.equal(LAMPORTS_PER_SOL / 100);
    }
    const found = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    const loaded = found?.meta?.loadedAddresses?.writable.map(String);
    expect(loaded).to.have.members(receivers.map(({ publicKey }) => String(publicKey)));
  });

  it("simulates unsigned, under any blockhash, and shows the accounts after it", async () => {
    const receiver = Keypair.generate();
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: "11111111111111111111111111111111",
      instructions: [transfer(receiver, LAMPORTS_PER_SOL)],
    }).compileToV0Message();
    const { value } = await connection.simulateTransaction(new VersionedTransaction(message), {
      sigVerify: false,
      replaceRecentBlockhash: true,
      accounts: { encoding: "base64", addresses: [receiver.publicKey.toBase58()] },
    });
    expect(value.err).to.equal(null);
    expect(value.unitsConsumed).to.equal(150);
    expect(value.accounts?.[0]?.lamports).to.equal(LAMPORTS_PER_SOL);
    expect(await connection.getBalance(receiver.publicKey)).to.equal(0);
  });

  it("is told why a transaction cannot succeed", async () => {
    const poor = Keypair.generate();
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: (await connection.getLatestBlockhash()).blockhash,
      instructions: [transfer(poor, 10 ** 15)],
    }).compileToV0Message();
    const transaction = new VersionedTransaction(message);
    transaction.sign([payer]);
    const error: unknown = await connection.sendTransaction(transaction).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SendTransactionError);
    expect((error as SendTransactionError).logs?.join("\n")).to.contain("insufficient lamports");
  });
}
