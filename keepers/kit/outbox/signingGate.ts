/** What a key may sign. `encode` makes the bytes, before every signature; `authorize` is asked inside the transaction that would store the bytes, so that what it books and what is signed agree. */
import type { Queryable } from "../../../db/database.js";
import type { Encoded, IntendedBytes } from "../policy/action.js";

/** Everything that a signature would cover, and the effect it is for. Amounts in wei. */
export interface SignableCall extends IntendedBytes {
  readonly chainId: string;
  readonly signer: string;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
  readonly maxFeePerGasWei: bigint;
  /** Names the effect. */
  readonly key: string;
  /** New bytes for a nonce that this effect has already: amounts were booked with the first ones. */
  readonly replacement: boolean;
}

/** `check` names what refused, for logs and tests; `message` says what was found and what was expected. */
export type Authorization =
  { readonly ok: true } | { readonly ok: false; readonly check: string; readonly message: string };

export interface SigningGate {
  /** Names the policy; stored with every row of the outbox. */
  readonly policyHash: string;
  /** Makes the bytes of the action, pure; refuses when they are not the simulated ones. Nothing else is ever signed. */
  encode(intended: IntendedBytes): Encoded;
  /** Books what the call may move and says yes, or says no and books nothing that survives the transaction. */
  authorize(tx: Queryable, call: SignableCall): Promise<Authorization>;
}
