import { AccountRole, type Address } from "@solana/kit";
import { expect } from "chai";

import type { SignableInstructions } from "../../../../keepers/kit/outbox/solana/signingGate.js";
import { SolanaPolicyGate } from "../../../../keepers/kit/policy/solana/gate.js";
import type { SolanaPolicy } from "../../../../keepers/kit/policy/solana/types.js";
import { usePostgres } from "../../../helpers/postgres.js";

const PROGRAM = "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ" as Address;
const SIGNER = "5anUvcxaAwxFZ23A3ncEzschmSs3FL8XT72rUTE4yuZ9" as Address;

const policy: SolanaPolicy = {
  ...{ role: "collateral-crank", chainId: "genesis", signer: SIGNER, maxInstructions: 1 },
  // At once: half of what a day allows, 25,000 lamports, and half of what an hour allows, 3 transactions.
  ...{ maxFeeLamports: 20_000n, feeLamportsPerDay: 50_000n },
  rules: [
    {
      ...{ name: "vault.unpause", program: PROGRAM, discriminator: "0x0102030405060708", dataBytes: 8 },
      ...{ minAccounts: 1, maxAccounts: 1, signerAt: [0], perHour: 6 },
    },
  ],
};
const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const accounts = [{ address: SIGNER, role: AccountRole.READONLY_SIGNER }];
/** Costs 5,000 lamports. */
const call: SignableInstructions = {
  ...{ chainId: "genesis", signer: SIGNER, key: "one", replacement: false, computeUnitLimit: 100_000 },
  ...{ microLamportsPerUnit: 0n, instructions: [{ programAddress: PROGRAM, accounts, data }] },
};

describe("keepers/kit/policy/solana: meters", () => {
  const postgres = usePostgres();

  async function gateOf() {
    const { connect } = await postgres.testDatabase();
    const db = connect({ role: "keeper_rw" });
    const gate = new SolanaPolicyGate(policy);
    return async (changes: Partial<SignableInstructions>): Promise<string> => {
      const answer = await db.transaction((tx) => gate.authorize(tx, { ...call, ...changes }));
      return answer.ok ? "yes" : answer.check;
    };
  }

  it("lets no more transactions pass in an hour than a rule says", async () => {
    const ask = await gateOf();
    const answers = [];
    for (const key of ["one", "two", "three", "four"]) answers.push(await ask({ key }));
    expect(answers).to.deep.equal(["yes", "yes", "yes", "rate"]);
  });

  it("lets no more fees pass in a day, and books for new bytes only what they cost more", async () => {
    const ask = await gateOf();
    expect(await ask({})).to.equal("yes");
    // The same price again: free. 15,000 lamports above the first bytes: 20,000 of 25,000 are used then.
    expect(await ask({ replacement: true })).to.equal("yes");
    expect(await ask({ replacement: true, microLamportsPerUnit: 150_000n })).to.equal("yes");
    expect(await ask({ key: "two", microLamportsPerUnit: 1_000n })).to.equal("daily-amount");
    expect(await ask({ key: "two" })).to.equal("yes");
    expect(await ask({ key: "three" })).to.equal("daily-amount");
  });

  it("takes nothing for new bytes that was not booked as the same", async () => {
    const ask = await gateOf();
    expect(await ask({ replacement: true })).to.equal("replacement");
    expect(await ask({})).to.equal("yes");
    const other = [{ address: SIGNER, role: AccountRole.WRITABLE_SIGNER }];
    const instructions = [{ programAddress: PROGRAM, accounts: other, data }];
    expect(await ask({ replacement: true, instructions })).to.equal("replacement");
    expect(await ask({ chainId: "other" })).to.equal("chain");
  });
});
