/** The flow of @solana/kit. */
import {
  address,
  airdropFactory,
  appendTransactionMessageInstruction,
  assertIsTransactionWithBlockhashLifetime,
  createSolanaRpc,
  createSolanaRpcSubscriptions,
  createTransactionMessage,
  generateKeyPairSigner,
  getSignatureFromTransaction,
  isSolanaError,
  lamports,
  pipe,
  sendAndConfirmTransactionFactory,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  SOLANA_ERROR__JSON_RPC__METHOD_NOT_FOUND,
  type Address,
  type KeyPairSigner,
  type Rpc,
  type SolanaRpcApi,
  type RpcSubscriptions,
  type SolanaRpcSubscriptionsApi,
} from "@solana/kit";
import { expect } from "chai";

import { transferInstruction } from "../../../scripts/validator/instructions.js";
import type { Endpoint } from "./endpoint.js";

const SOL_LAMPORTS = 1_000_000_000n;
const TOKEN_PROGRAM = address("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

/** Begins to listen at once: a subscription of kit drops what comes before somebody reads. */
async function firstOf<T>(values: AsyncIterable<T>): Promise<T> {
  for await (const value of values) return value;
  throw new Error("the subscription ended");
}

export function kitFlow(endpoint: () => Endpoint): void {
  let rpc: Rpc<SolanaRpcApi>;
  let rpcSubscriptions: RpcSubscriptions<SolanaRpcSubscriptionsApi>;
  let payer: KeyPairSigner;

  before(async () => {
    rpc = createSolanaRpc(endpoint().url);
    rpcSubscriptions = createSolanaRpcSubscriptions(endpoint().wsUrl);
    payer = await generateKeyPairSigner();
    const airdrop = airdropFactory({ rpc, rpcSubscriptions });
    await airdrop({ commitment: "confirmed", lamports: lamports(10n * SOL_LAMPORTS), recipientAddress: payer.address });
  });

  const send = async (to: Address, amountLamports: bigint) => {
    const { value: lifetime } = await rpc.getLatestBlockhash({ commitment: "confirmed" }).send();
    const signed = await signTransactionMessageWithSigners(
      pipe(
        createTransactionMessage({ version: 0 }),
        (message) => setTransactionMessageFeePayerSigner(payer, message),
        (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
        (message) =>
          appendTransactionMessageInstruction(transferInstruction(payer.address, to, amountLamports), message),
      ),
    );
    assertIsTransactionWithBlockhashLifetime(signed);
    await sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions })(signed, { commitment: "confirmed" });
    return getSignatureFromTransaction(signed);
  };

  it("sends and confirms by subscription, and reads it back", async () => {
    const { address: to } = await generateKeyPairSigner();
    const stop = new AbortController();
    const options = { abortSignal: stop.signal };
    const level = { commitment: "confirmed" } as const;
    const account = firstOf(await rpcSubscriptions.accountNotifications(to, level).subscribe(options));
    const logs = firstOf(await rpcSubscriptions.logsNotifications({ mentions: [to] }, level).subscribe(options));
    const signature = await send(to, 3n * SOL_LAMPORTS);
    expect((await account).value.lamports).to.equal(3n * SOL_LAMPORTS);
    expect((await logs).value.signature).to.equal(signature);
    stop.abort();
    expect((await rpc.getBalance(to, { commitment: "confirmed" }).send()).value).to.equal(3n * SOL_LAMPORTS);
    const history = await rpc.getSignaturesForAddress(to, { commitment: "confirmed" }).send();
    expect(history.map((entry) => entry.signature)).to.deep.equal([signature]);
    const transaction = await rpc
      .getTransaction(signature, { commitment: "confirmed", encoding: "jsonParsed", maxSupportedTransactionVersion: 0 })
      .send();
    expect(transaction?.meta?.fee).to.equal(5_000n);
    const { value: statuses } = await rpc.getSignatureStatuses([signature]).send();
    expect(statuses[0]?.err).to.equal(null);
  });

  it("lists accounts of a program with filters", async () => {
    const found = await rpc
      .getProgramAccounts(TOKEN_PROGRAM, {
        encoding: "base64",
        commitment: "confirmed",
        withContext: true,
        filters: [{ dataSize: 82n }],
        dataSlice: { offset: 44, length: 1 },
      })
      .send();
    for (const { account } of found.value) expect(account.data[1]).to.equal("base64");
    expect(found.context.slot > 0n).to.equal(true);
  });

  it("names a method that is not there", async () => {
    const methods = rpc as unknown as { getNothingOfTheKind(): { send(): Promise<unknown> } };
    const error = await methods
      .getNothingOfTheKind()
      .send()
      .catch((reason: unknown) => reason);
    expect(isSolanaError(error, SOLANA_ERROR__JSON_RPC__METHOD_NOT_FOUND)).to.equal(true);
  });
}
