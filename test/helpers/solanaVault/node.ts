/** A rig's accounts behind JSON-RPC: what clients build is signed, sent and confirmed as on any cluster. Slots pass on demand. */
import {
  appendTransactionMessageInstructions,
  compileTransaction,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getBase64Encoder,
  getTransactionDecoder,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  type Address,
  type Instruction,
  type KeyPairSigner,
} from "@solana/kit";
import type { Connection } from "@solana/web3.js";

import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { connectionRpc, readBlockhash, type SolanaRpc } from "../../../protocol/solana/rpc.js";
import type { UnsignedTransaction } from "../../../protocol/solana/transaction.js";
import { UPGRADEABLE_LOADER } from "../../../scripts/validator/programs.js";
import { ValidatorServer } from "../../../scripts/validator/server.js";
import { connectTo, disconnect } from "../solanaClients/endpoint.js";
import type { VaultRig } from "./rig.js";

/** Whose accounts a rig may have changed; the loader's ProgramData come before the programs that need them. */
const OWNERS = [
  ...[UPGRADEABLE_LOADER, SYSTEM_PROGRAM, TOKEN_PROGRAM, TOKEN_2022_PROGRAM],
  ...[vaultProgram.id, positionProgram.id],
] as Address[];

export class VaultNode {
  readonly rpc: SolanaRpc;

  private constructor(
    readonly server: ValidatorServer,
    readonly connection: Connection,
  ) {
    this.rpc = connectionRpc(connection);
  }

  /** Starts with everything that is in the rig now; afterwards the two go their own ways. */
  static async start(rig: VaultRig): Promise<VaultNode> {
    const server = await ValidatorServer.start({ genesisTime: rig.now, seed: "vault node" });
    const { bank } = server.cluster;
    for (const owner of OWNERS) {
      const accounts = rig.svm
        .getProgramAccounts(owner)
        .toSorted((a, b) => Number(a.executable) - Number(b.executable));
      for (const account of accounts) bank.setAccount(account);
    }
    server.cluster.advance(2);
    return new VaultNode(server, connectTo(server));
  }

  async stop(): Promise<void> {
    disconnect(this.connection);
    await this.server.stop();
  }

  /** Sends instructions that nobody has simulated. The first key pays. */
  async sendInstructions(instructions: readonly Instruction[], keys: readonly KeyPairSigner[]): Promise<string> {
    const [payer] = keys;
    if (payer === undefined) throw new Error("nobody pays");
    const lifetime = await readBlockhash(this.rpc, "confirmed");
    const compiled = compileTransaction(
      pipe(
        createTransactionMessage({ version: 0 }),
        (message) => setTransactionMessageFeePayer(payer.address, message),
        (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
        (message) => appendTransactionMessageInstructions(instructions, message),
      ),
    );
    return this.send({ transaction: getBase64EncodedWireTransaction(compiled) }, keys);
  }

  /** Signs and sends, and waits until it is confirmed. @returns the signature. @throws what web3.js throws. */
  async send(
    { transaction }: Pick<UnsignedTransaction, "transaction">,
    keys: readonly KeyPairSigner[],
  ): Promise<string> {
    const decoded = getTransactionDecoder().decode(getBase64Encoder().encode(transaction));
    const made = await Promise.all(keys.map((key) => key.signTransactions([decoded as never])));
    const signatures = Object.assign({}, decoded.signatures, ...made.flat()) as typeof decoded.signatures;
    const wire = getBase64EncodedWireTransaction({ ...decoded, signatures });
    const signature = await this.connection.sendRawTransaction(Buffer.from(wire, "base64"));
    this.server.cluster.advance(4);
    return signature;
  }
}
