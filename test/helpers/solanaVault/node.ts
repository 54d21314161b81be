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
  type Instruction,
  type KeyPairSigner,
} from "@solana/kit";
import type { Connection } from "@solana/web3.js";

import { connectionRpc, readBlockhash, type SolanaRpc } from "../../../protocol/solana/rpc.js";
import type { UnsignedTransaction } from "../../../protocol/solana/transaction.js";
import { connectTo, disconnect } from "../solanaClients/endpoint.js";
import type { EngineNode } from "../solanaEngine/engine.js";
import type { VaultRig } from "./rig.js";

export class VaultNode {
  readonly rpc: SolanaRpc;

  private constructor(
    readonly cluster: EngineNode,
    readonly connection: Connection,
  ) {
    this.rpc = connectionRpc(connection);
  }

  /** Starts with everything that is in the rig now; on LiteSVM the two go their own ways afterwards. */
  static async start(rig: VaultRig): Promise<VaultNode> {
    const node = await rig.svm.serve();
    return new VaultNode(node, connectTo(node));
  }

  async stop(): Promise<void> {
    disconnect(this.connection);
    await this.cluster.stop();
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
    this.cluster.advance(4);
    return signature;
  }
}
