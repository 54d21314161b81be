/** What the crank's key may sign: the instructions that anybody may send, and their fees. */
import type { PositionProgram } from "../../protocol/solana/positionProgram.js";
import type { VaultProgram } from "../../protocol/solana/vaultProgram.js";
import type { SolanaPolicy, SolanaRule } from "../kit/policy/solana/types.js";
import { feeLamports } from "../kit/policy/solana/checkSolanaPolicy.js";
import { DISCRIMINATOR_BYTES } from "../kit/solana/accounts.js";
import type { CrankConfig } from "./config.js";
import { COMPUTE_UNITS } from "./encode.js";
import type { ActionKind } from "./types.js";

export const KEEPER_NAME = "collateral-crank";

/** Position of the signer: first where there is one at all. */
const FIRST = [0];

const RULES: readonly {
  readonly kind: ActionKind;
  readonly program: "vault" | "position";
  readonly instruction: string;
  readonly signerAt: readonly number[];
}[] = [
  { kind: "withdrawal", program: "vault", instruction: "executeWithdrawal", signerAt: [] },
  { kind: "unpause", program: "vault", instruction: "unpause", signerAt: FIRST },
  { kind: "multi-sig", program: "vault", instruction: "applyMultiSig", signerAt: [] },
  { kind: "proposal", program: "vault", instruction: "closeProposal", signerAt: [] },
  { kind: "liquidation", program: "position", instruction: "liquidate", signerAt: FIRST },
];

type PolicyConfig = Pick<
  CrankConfig,
  "kinds" | "maxMicroLamportsPerUnit" | "feeLamportsPerDay" | "transactionsPerHour"
>;

/** @param programs whose addresses and discriminators count. */
export function crankPolicy(
  programs: { readonly vault: VaultProgram; readonly position: PositionProgram },
  config: PolicyConfig,
  chainId: string,
  signer: string,
): SolanaPolicy {
  const rules = RULES.filter(({ kind }) => config.kinds.has(kind)).map((rule): SolanaRule => {
    const program = programs[rule.program];
    const shape = program.idl.instructions.find(({ name }) => name === rule.instruction);
    if (shape === undefined) throw new Error(`${program.name} has no instruction ${rule.instruction}`);
    const accounts = program.accountNames(rule.instruction as never).length;
    return {
      name: `${program.name}.${rule.instruction}`,
      program: program.id,
      discriminator: `0x${Buffer.from(shape.discriminator).toString("hex")}`,
      dataBytes: DISCRIMINATOR_BYTES,
      ...{ minAccounts: accounts, maxAccounts: accounts, signerAt: rule.signerAt },
      perHour: config.transactionsPerHour,
    };
  });
  const most = Math.max(...[...config.kinds].map((kind) => COMPUTE_UNITS[kind]));
  return {
    ...{ role: KEEPER_NAME, chainId, signer, rules, maxInstructions: 1 },
    maxFeeLamports: feeLamports({
      computeUnitLimit: most,
      microLamportsPerUnit: config.maxMicroLamportsPerUnit,
    }),
    feeLamportsPerDay: config.feeLamportsPerDay,
  };
}
