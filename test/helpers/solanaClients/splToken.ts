/** The flow of @solana/spl-token, for either token program. */
import {
  createMint,
  getAccount,
  getMint,
  getOrCreateAssociatedTokenAccount,
  mintTo,
  TokenAccountNotFoundError,
  transferChecked,
} from "@solana/spl-token";
import {
  Keypair,
  type Connection,
  type KeyedAccountInfo,
  type ParsedAccountData,
  type PublicKey,
} from "@solana/web3.js";
import { expect } from "chai";

import { COMMITMENT, connectTo, disconnect, first, fundedKey, type Endpoint } from "./endpoint.js";

const DECIMALS = 6;
const MINTED_UNITS = 1_500_000n;
const SENT_UNITS = 250_000n;

export function splTokenFlow(endpoint: () => Endpoint, tokenProgram: PublicKey): void {
  let connection: Connection;
  let payer: Keypair;

  before(async () => {
    connection = connectTo(endpoint());
    payer = await fundedKey(connection);
  });
  after(() => {
    disconnect(connection);
  });

  it("mints, transfers, and every way to look at it agrees", async () => {
    const confirm = { commitment: COMMITMENT };
    const receiver = Keypair.generate().publicKey;
    const mint = await createMint(connection, payer, payer.publicKey, null, DECIMALS, undefined, confirm, tokenProgram);
    const accountOf = (owner: PublicKey) =>
      getOrCreateAssociatedTokenAccount(connection, payer, mint, owner, false, COMMITMENT, confirm, tokenProgram);
    const { address: from } = await accountOf(payer.publicKey);
    const { address: to } = await accountOf(receiver);
    const changed = first<KeyedAccountInfo>(({ accountId }) => accountId.equals(to));
    const filters = [{ memcmp: { offset: 0, bytes: mint.toBase58() } }];
    const id = connection.onProgramAccountChange(tokenProgram, changed.listener, { commitment: COMMITMENT, filters });
    await mintTo(connection, payer, mint, from, payer, MINTED_UNITS, [], confirm, tokenProgram);
    const transfer = transferChecked.bind(undefined, connection, payer, from, mint, to, payer);
    const signature = await transfer(SENT_UNITS, DECIMALS, [], confirm, tokenProgram);

    expect((await getMint(connection, mint, COMMITMENT, tokenProgram)).supply).to.equal(MINTED_UNITS);
    expect((await getAccount(connection, to, COMMITMENT, tokenProgram)).amount).to.equal(SENT_UNITS);
    expect((await changed.value).accountInfo.data.readBigUInt64LE(64)).to.equal(SENT_UNITS);
    await connection.removeProgramAccountChangeListener(id);
    const { value: balance } = await connection.getTokenAccountBalance(to);
    expect(balance).to.deep.include({ amount: "250000", decimals: DECIMALS, uiAmountString: "0.25" });
    const { value: supply } = await connection.getTokenSupply(mint);
    expect(supply).to.deep.include({ amount: "1500000", decimals: DECIMALS, uiAmountString: "1.5" });
    const { value: largest } = await connection.getTokenLargestAccounts(mint);
    expect(largest.map(({ address, amount }) => [address.toBase58(), amount])).to.deep.equal([
      [from.toBase58(), "1250000"],
      [to.toBase58(), "250000"],
    ]);
    for (const filter of [{ mint }, { programId: tokenProgram }]) {
      const { value: owned } = await connection.getTokenAccountsByOwner(receiver, filter);
      expect(owned.map(({ pubkey }) => pubkey.toBase58())).to.deep.equal([to.toBase58()]);
    }
    const { value: parsed } = await connection.getParsedTokenAccountsByOwner(receiver, { mint });
    expect(parsed[0]?.account.data.parsed).to.have.nested.property("info.tokenAmount.amount", "250000");
    const { value: parsedMint } = await connection.getParsedAccountInfo(mint);
    expect((parsedMint?.data as ParsedAccountData).parsed).to.have.nested.property("info.decimals", DECIMALS);

    const holders = await connection.getProgramAccounts(tokenProgram, {
      filters: [...filters, { memcmp: { offset: 32, bytes: receiver.toBase58() } }],
      dataSlice: { offset: 64, length: 8 },
      withContext: true,
    });
    expect(holders.value.map(({ account }) => account.data.readBigUInt64LE())).to.deep.equal([SENT_UNITS]);
    expect(holders.context.slot).to.be.greaterThan(0);
    expect(await connection.getProgramAccounts(tokenProgram, { filters: [...filters, { dataSize: 7 }] })).to.be.empty;
    const both = await connection.getMultipleAccountsInfo([from, to, receiver]);
    expect(both.map((account) => account?.owner.toBase58())).to.deep.equal([
      tokenProgram.toBase58(),
      tokenProgram.toBase58(),
      undefined,
    ]);

    const found = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0 });
    const tokens = (side: "preTokenBalances" | "postTokenBalances") =>
      found?.meta?.[side]?.map(({ mint: of, uiTokenAmount }) => [of, uiTokenAmount.amount]);
    expect(tokens("preTokenBalances")).to.have.deep.members([
      [mint.toBase58(), "1500000"],
      [mint.toBase58(), "0"],
    ]);
    expect(tokens("postTokenBalances")).to.have.deep.members([
      [mint.toBase58(), "1250000"],
      [mint.toBase58(), "250000"],
    ]);
  });

  it("misses an account that is not there", async () => {
    const error: unknown = await getAccount(connection, Keypair.generate().publicKey).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(TokenAccountNotFoundError);
  });
}
