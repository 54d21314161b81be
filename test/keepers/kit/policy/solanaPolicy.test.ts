import { AccountRole, type Address, type Instruction } from "@solana/kit";
import { expect } from "chai";

import type { SignableInstructions } from "../../../../keepers/kit/outbox/solana/signingGate.js";
import { checkSolanaPolicy, feeLamports } from "../../../../keepers/kit/policy/solana/checkSolanaPolicy.js";
import type { SolanaPolicy } from "../../../../keepers/kit/policy/solana/types.js";

const PROGRAM = "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ" as Address;
const SIGNER = "5anUvcxaAwxFZ23A3ncEzschmSs3FL8XT72rUTE4yuZ9" as Address;
const OTHER = "HtY4WvZzeDU952Gf6WLnQ7ZmKMAaKdq2MyfwbiQK78Uy" as Address;

const policy: SolanaPolicy = {
  ...{ role: "collateral-crank", chainId: "genesis", signer: SIGNER, maxInstructions: 2 },
  ...{ maxFeeLamports: 10_000n, feeLamportsPerDay: 1_000_000n },
  rules: [
    {
      ...{ name: "vault.unpause", program: PROGRAM, discriminator: "0x0102030405060708", dataBytes: 8 },
      ...{ minAccounts: 2, maxAccounts: 2, signerAt: [0], perHour: 6 },
    },
  ],
};
const unpause: Instruction = {
  programAddress: PROGRAM,
  accounts: [
    { address: SIGNER, role: AccountRole.READONLY_SIGNER },
    { address: OTHER, role: AccountRole.WRITABLE },
  ],
  data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
};
const call: SignableInstructions = {
  ...{ chainId: "genesis", signer: SIGNER, instructions: [unpause], key: "unpause", replacement: false },
  ...{ computeUnitLimit: 100_000, microLamportsPerUnit: 50_000n },
};

describe("keepers/kit/policy/solana", () => {
  it("allows what a rule names, and says what it uses", () => {
    expect(feeLamports(call)).to.equal(10_000n);
    const use = { calls: { "vault.unpause": 1 }, amounts: { native: 10_000n } };
    expect(checkSolanaPolicy(policy, call)).to.deep.equal({ ok: true, use });
  });

  const accounts = unpause.accounts ?? [];
  for (const [why, check, changes] of [
    ["another cluster", "chain", { chainId: "other" }],
    ["another key", "signer", { signer: OTHER }],
    ["nothing", "inner-call", { instructions: [] }],
    ["too many instructions", "inner-call", { instructions: [unpause, unpause, unpause] }],
    ["a lamport too much", "fee-ceiling", { microLamportsPerUnit: 50_001n }],
    ["another program", "target", { instructions: [{ ...unpause, programAddress: OTHER }] }],
    [
      "another program beside an allowed one",
      "target",
      { instructions: [unpause, { ...unpause, programAddress: OTHER }] },
    ],
    ["another instruction", "selector", { instructions: [{ ...unpause, data: new Uint8Array(8) }] }],
    ["half a discriminator", "selector", { instructions: [{ ...unpause, data: Uint8Array.of(1, 2, 3) }] }],
    ["arguments", "calldata-size", { instructions: [{ ...unpause, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) }] }],
    ["an account more", "argument", { instructions: [{ ...unpause, accounts: [...accounts, ...accounts] }] }],
    ["the signer at another place", "argument", { instructions: [{ ...unpause, accounts: accounts.toReversed() }] }],
    [
      "another signer",
      "argument",
      {
        instructions: [{ ...unpause, accounts: [{ address: OTHER, role: AccountRole.READONLY_SIGNER }, accounts[1]] }],
      },
    ],
  ] as [string, string, Partial<SignableInstructions>][]) {
    it(`refuses ${why}: ${check}`, () => {
      const verdict = checkSolanaPolicy(policy, { ...call, ...changes });
      expect(verdict.ok ? "allowed" : verdict.check).to.equal(check);
    });
  }
});
