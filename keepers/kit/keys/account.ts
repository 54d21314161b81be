/** An open key: what signs transactions and typed data of one address. The key itself never leaves the file that opened it. */
import {
  Transaction,
  TypedDataEncoder,
  type HDNodeWallet,
  type Signature,
  type TransactionRequest,
  type TypedDataDomain,
  type TypedDataField,
  type Wallet,
} from "ethers";

import { PermanentError } from "../../../protocol/errors.js";

/** Signs transactions of one address. */
export interface TransactionSigner {
  readonly address: string;
  /** Signing leaves this machine: no lock may be held meanwhile. */
  readonly remote?: boolean;
  /**
   * @returns the signed bytes. Everything must be filled in: nonce, fees, gas limit, chain id.
   * @throws RetryableError when a remote signer does not answer; nothing was signed then, or nobody has seen it.
   */
  sign(transaction: TransactionRequest): Promise<string>;
}

/** Signs typed data of one address; what a price reporter needs. */
export interface TypedDataSigner {
  getAddress(): Promise<string>;
  signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>;
}

export type KeyAccount = TransactionSigner & TypedDataSigner;

/** An account whose key is in this process. */
export function walletAccount(wallet: Wallet | HDNodeWallet): KeyAccount {
  return hidden(wallet.address, undefined, {
    sign: (transaction) => wallet.signTransaction(transaction),
    signTypedData: (domain, types, value) => wallet.signTypedData(domain, types, value),
  });
}

/** An account of which only a function is known that signs digests elsewhere. */
export function remoteAccount(address: string, signDigest: (digest: string) => Promise<Signature>): KeyAccount {
  return hidden(address, true, {
    sign: async (request) => {
      // As a wallet does it: the sender is who signs, and is not part of what is signed.
      const { from, to, ...rest } = request;
      if (typeof from === "string" && from.toLowerCase() !== address.toLowerCase()) {
        throw new PermanentError("WRONG_SENDER", `asked to sign for ${from}, holds ${address}`);
      }
      const transaction = Transaction.from({ ...rest, to: typeof to === "string" ? to : null } as Partial<Transaction>);
      transaction.signature = await signDigest(transaction.unsignedHash);
      return transaction.serialized;
    },
    signTypedData: async (domain, types, value) =>
      (await signDigest(TypedDataEncoder.hash(domain, types, value))).serialized,
  });
}

/** Shows nothing but the address. */
function hidden(
  address: string,
  remote: true | undefined,
  methods: Pick<KeyAccount, "sign" | "signTypedData">,
): KeyAccount {
  return {
    address,
    ...(remote === undefined ? {} : { remote }),
    ...methods,
    getAddress: () => Promise.resolve(address),
  };
}
