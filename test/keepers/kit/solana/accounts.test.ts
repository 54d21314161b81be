import { expect } from "chai";

import { fundedAccounts, openTokens, someAccounts } from "../../../../keepers/kit/solana/accounts.js";
import { TOKEN_PROGRAM } from "../../../../protocol/solana/errorNames.js";

const account = (parts: object = {}) => ({ data: ["", "base64"], owner: TOKEN_PROGRAM, lamports: 1, ...parts });
const answer = (...value: readonly unknown[]) => ({ context: { slot: 7 }, value });

describe("keepers/kit/solana/accounts", () => {
  it("takes an answer with as many accounts as were asked for, and no other", () => {
    const takes = (asked: number, ...value: readonly unknown[]) => [
      someAccounts(asked).safeParse(answer(...value)).success,
      fundedAccounts(asked).safeParse(answer(...value)).success,
    ];
    expect(takes(2, account(), null)).to.deep.equal([true, true]);
    expect(takes(0)).to.deep.equal([true, true]);
    for (const value of [[], [account()], [account(), null, account()], [account(), undefined]]) {
      expect(takes(2, ...value), JSON.stringify(value)).to.deep.equal([false, false]);
    }
  });

  it("takes no lamports for more or less than they are, and minds none that it does not need", () => {
    const lamports = (found: unknown) =>
      fundedAccounts(1).safeParse(answer(account({ lamports: found }))).data?.value[0]?.lamports;
    expect([lamports(0), lamports(2 ** 53 - 1), lamports(2n ** 60n)]).to.deep.equal([0n, 2n ** 53n - 1n, 2n ** 60n]);
    expect([lamports(2 ** 53), lamports(1.5), lamports(undefined)]).to.deep.equal([undefined, undefined, undefined]);
    expect(someAccounts(1).safeParse(answer(account({ lamports: 2 ** 60 }))).success).to.equal(true);
  });

  it("reads tokens of open accounts of a token program alone", () => {
    const open = new Uint8Array(165);
    open[64] = 5;
    open[108] = 1;
    expect(openTokens(TOKEN_PROGRAM, open)).to.deep.include({
      ...{ amountUnits: 5n, isFrozen: false, tokenProgram: TOKEN_PROGRAM },
    });
    expect(openTokens(TOKEN_PROGRAM, open.with(108, 2))?.isFrozen).to.equal(true);
    expect(openTokens(TOKEN_PROGRAM, open.with(108, 0))).to.equal(undefined);
    expect(openTokens(TOKEN_PROGRAM, open.subarray(0, 164))).to.equal(undefined);
    expect(openTokens("11111111111111111111111111111111", open)).to.equal(undefined);
  });
});
