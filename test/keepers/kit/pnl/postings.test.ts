import { expect } from "chai";
import fc from "fast-check";

import { accountNames, NATIVE_ASSET, ownChange, postingsOf } from "../../../../keepers/kit/pnl/postings.js";
import type { ReceiptLog } from "../../../../keepers/kit/submitter.js";
import { transferLog } from "../../../helpers/transferLog.js";

const address = (byte: number) => `0x${byte.toString(16).padStart(2, "0").repeat(20)}`;
const SIGNER = address(0xe1);
const INVENTORY = address(0xe2);
const PAYER = address(0xe3);
const PEOPLE = [SIGNER, INVENTORY, PAYER, address(1), address(2), address(0)];
const TOKENS = [address(0xa1), address(0xa2)];
const names = accountNames({ [INVENTORY.toUpperCase().replace("0X", "0x")]: "own:inventory", [PAYER]: "out:rewards" });

const transfer = fc.record({
  token: fc.constantFrom(...TOKENS),
  from: fc.constantFrom(...PEOPLE),
  to: fc.constantFrom(...PEOPLE),
  amount: fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 256n - 1n)),
});
const mined = fc.record({
  transfers: fc.array(transfer, { maxLength: 12 }),
  valueWei: fc.bigInt(0n, 10n ** 24n),
  gasUsed: fc.integer({ min: 0, max: 30_000_000 }),
  gasPriceWei: fc.bigInt(0n, 10n ** 12n),
  ok: fc.boolean(),
});

describe("keepers/kit/pnl/postings", () => {
  it("PNL-1: whatever a receipt says, the lines of each asset add up to zero", () => {
    fc.assert(
      fc.property(mined, ({ transfers, ...rest }) => {
        const logs = rest.ok ? transfers.map(transferLog) : [];
        const lines = postingsOf({ ...rest, signer: SIGNER, to: address(1), logs }, names);
        const sums = new Map<string, bigint>();
        for (const { asset, amount } of lines) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
        for (const sum of sums.values()) expect(sum).to.equal(0n);
        expect(lines.every(({ amount }) => amount !== 0n)).to.equal(true);
        // What own accounts gained, counted without the books.
        const own = new Set([SIGNER, INVENTORY]);
        for (const token of TOKENS) {
          const flows = (rest.ok ? transfers : []).filter((flow) => flow.token === token);
          const expected = flows.reduce(
            (sum, { from, to, amount }) => sum + (own.has(to) ? amount : 0n) - (own.has(from) ? amount : 0n),
            0n,
          );
          expect(ownChange(lines).get(token) ?? 0n).to.equal(expected);
        }
        const spent = BigInt(rest.gasUsed) * rest.gasPriceWei + (rest.ok ? rest.valueWei : 0n);
        expect(-(ownChange(lines).get(NATIVE_ASSET) ?? 0n)).to.equal(spent);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it("names the accounts: wallet, inventory, payer of rewards, gas, and strangers by address", () => {
    const logs = [
      transferLog({ token: TOKENS[0] ?? "", from: PAYER, to: SIGNER, amount: 5n }),
      transferLog({ token: TOKENS[1] ?? "", from: address(1), to: address(2), amount: 7n }),
      transferLog({ token: TOKENS[1] ?? "", from: INVENTORY, to: address(2), amount: 9n }),
    ];
    const lines = postingsOf(
      { signer: SIGNER, to: address(1), valueWei: 3n, ok: true, gasUsed: 2, gasPriceWei: 10n, logs },
      names,
    );
    expect(lines).to.deep.equal([
      { account: "own:wallet", asset: "native", amount: -20n, logIndex: null },
      { account: "cost:gas", asset: "native", amount: 20n, logIndex: null },
      { account: "own:wallet", asset: "native", amount: -3n, logIndex: null },
      { account: `out:${address(1)}`, asset: "native", amount: 3n, logIndex: null },
      { account: "out:rewards", asset: TOKENS[0], amount: -5n, logIndex: 0 },
      { account: "own:wallet", asset: TOKENS[0], amount: 5n, logIndex: 0 },
      { account: "own:inventory", asset: TOKENS[1], amount: -9n, logIndex: 2 },
      { account: `out:${address(2)}`, asset: TOKENS[1], amount: 9n, logIndex: 2 },
    ]);
  });

  it("takes no NFT and no malformed log for money", () => {
    const good = transferLog({ token: TOKENS[0] ?? "", from: PAYER, to: SIGNER, amount: 5n });
    const logs: ReceiptLog[] = [
      { ...good, topics: [...good.topics, `0x${"0".repeat(64)}`], data: "0x" },
      { ...good, data: "0x" },
      { ...good, topics: good.topics.slice(0, 2) },
      { ...good, topics: [`0x${"1".repeat(64)}`, ...good.topics.slice(1)] },
    ];
    expect(
      postingsOf({ signer: SIGNER, to: SIGNER, valueWei: 0n, ok: true, gasUsed: 0, gasPriceWei: 0n, logs }, names),
    ).to.deep.equal([]);
  });
});
