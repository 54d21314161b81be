/** The flow of @anchor-lang/core: `Program.methods…rpc()` and errors by name, on a program that every cluster has. */
import { AnchorProvider, BN, Program, Wallet, web3, type Idl } from "@anchor-lang/core";
import { createAssociatedTokenAccount, createMint, mintTo, TOKEN_PROGRAM_ID } from "@solana/spl-token";
import { Keypair, type Connection } from "@solana/web3.js";
import { expect } from "chai";

import { COMMITMENT, connectTo, disconnect, fundedKey, type Endpoint } from "./endpoint.js";

/** The part of SPL Token that this flow uses, in Anchor's words: instructions are told apart by their first byte. */
const TOKEN_IDL = {
  address: TOKEN_PROGRAM_ID.toBase58(),
  metadata: { name: "token", version: "0.1.0", spec: "0.1.0" },
  instructions: [
    {
      name: "transfer",
      discriminator: [3],
      accounts: [
        { name: "source", writable: true },
        { name: "destination", writable: true },
        { name: "authority", signer: true },
      ],
      args: [{ name: "amount", type: "u64" }],
    },
  ],
  errors: [{ code: 1, name: "insufficientFunds", msg: "Insufficient funds" }],
} as const satisfies Idl;

/** The types of bn.js are a package of their own. */
const BigNumber = BN as new (value: number) => object;

export function anchorFlow(endpoint: () => Endpoint): void {
  let connection: Connection;
  let payer: Keypair;

  before(async () => {
    connection = connectTo(endpoint());
    payer = await fundedKey(connection);
  });
  after(() => {
    disconnect(connection);
  });

  it("calls a program, simulates it and names its errors", async () => {
    const provider = new AnchorProvider(connection, new Wallet(payer), { commitment: COMMITMENT });
    const program = new Program<Idl>(TOKEN_IDL, provider);
    const mint = await createMint(connection, payer, payer.publicKey, null, 0);
    const source = await createAssociatedTokenAccount(connection, payer, mint, payer.publicKey);
    const destination = await createAssociatedTokenAccount(connection, payer, mint, Keypair.generate().publicKey);
    await mintTo(connection, payer, mint, source, payer, 10);
    const accounts = { source, destination, authority: payer.publicKey };
    const transfer = (amount: number) => {
      const build = program.methods["transfer"];
      if (build === undefined) throw new Error("no such instruction");
      return build(new BigNumber(amount)).accounts(accounts);
    };
    const signature: string = await transfer(4).rpc();
    expect((await connection.getSignatureStatus(signature)).value?.err).to.equal(null);
    expect((await connection.getTokenAccountBalance(destination)).value.amount).to.equal("4");
    const simulated = await transfer(1).simulate();
    expect(simulated.raw.some((line) => line.includes(TOKEN_PROGRAM_ID.toBase58()))).to.equal(true);
    expect((await connection.getTokenAccountBalance(destination)).value.amount).to.equal("4");
    const error: unknown = await transfer(50)
      .rpc()
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).and.not.instanceOf(web3.TransactionExpiredBlockheightExceededError);
    console.log(error, Object.entries(error as object));
    expect((error as Error & { code?: number }).code).to.equal(1);
  });
}
