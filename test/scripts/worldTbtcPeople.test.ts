import { expect } from "chai";

import { DepositState } from "../../protocol/tbtc/states.js";
import { Rng } from "../../scripts/market/rng.js";
import { NOBODYS_SCRIPT, payment } from "../../scripts/tbtc/bitcoin.js";
import { LocalBitcoin } from "../../scripts/tbtc/electrum/chain.js";
import type { Deposit, TbtcScenario } from "../../scripts/tbtc/scenario.js";
import { TbtcPeople } from "../../scripts/world/tbtc/people.js";

const ROLES = { deployer: "deployer", operators: [], redeemer: "redeemer", rival: "rival", liquidator: "liquidator" };
const OUTPOINT = `0x${"00".repeat(36)}`;
/** More looks than it takes until deposits may be liquidated. */
const LOOKS = 100;
const REFUSAL = new Error("the contract said no");

/** Deposits of which the liquidator gets none; once they may be liquidated, each is in this state as soon as it was looked at. */
class Scenario {
  readonly contracts = { token: { balanceOf: () => Promise.resolve(0n) } };
  refused = 0;
  private readonly states = new Map<string, DepositState>();
  private readonly pricesWad: bigint[] = [];

  constructor(private readonly afterLook: DepositState) {}

  open({ lotSat }: { readonly lotSat: bigint }): Promise<Pick<Deposit, "address" | "lotSat">> {
    const address = `deposit ${String(this.states.size)}`;
    this.states.set(address, DepositState.ACTIVE);
    return Promise.resolve({ address, lotSat });
  }

  funding({ lotSat }: Pick<Deposit, "lotSat">) {
    return { transaction: payment(OUTPOINT, NOBODYS_SCRIPT, lotSat) };
  }

  transferTbtc(): Promise<void> {
    return Promise.resolve();
  }

  setPrice(btcPerEthWad: bigint): Promise<void> {
    this.pricesWad.push(btcPerEthWad);
    return Promise.resolve();
  }

  state(deposit: string): Promise<DepositState> {
    const state = this.states.get(deposit) ?? expect.fail(deposit);
    const hasCrashed = this.pricesWad.length === 2;
    if (hasCrashed) this.states.set(deposit, this.afterLook);
    return Promise.resolve(state);
  }

  notify(): Promise<never> {
    this.refused += 1;
    return Promise.reject(REFUSAL);
  }
}

/** People look until the liquidator was refused. */
async function crashWith(scenario: Scenario): Promise<void> {
  const people = new TbtcPeople(
    scenario as unknown as TbtcScenario,
    new LocalBitcoin(),
    ROLES,
    new Rng(1),
    () => undefined,
  );
  await people.prepare();
  for (let look = 0; look < LOOKS && scenario.refused === 0; look += 1) await people.step();
}

describe("people of the local world's tBTC", () => {
  it("take it for a lost race when a deposit has moved on since they looked at it, also before they act", async () => {
    const scenario = new Scenario(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    await crashWith(scenario);
    expect(scenario.refused).to.be.greaterThan(1);
  });

  it("fail with what is refused although nothing has changed", async () => {
    const scenario = new Scenario(DepositState.ACTIVE);
    const failure: unknown = await crashWith(scenario).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.equal(REFUSAL);
    expect(scenario.refused).to.equal(1);
  });
});
