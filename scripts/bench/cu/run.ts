/**
 * Compute units of the collateral vault's instructions, of the committed program, as `npm run bench -- cu` prints them and
 * snapshots/solana/compute-units.json keeps them. All keys, and so all addresses and their bumps, are the same in every run.
 */
import type { ComputeUnits } from "./meter.js";
import { SECONDS_PER_DAY, VaultBench } from "./vaultBench.js";

export type { ComputeUnits };

const AMOUNT = 1_000n;
const LIMITS = { perTransaction: 10n * AMOUNT, capacity: 10n * AMOUNT, refillPerDay: 10n * AMOUNT };

/** By the keys of the command's JSON: instructions of an owner without multi-sig on a balance that exists, unless the name says more. */
export async function measureComputeUnits(): Promise<Readonly<Record<string, ComputeUnits>>> {
  const bench = await VaultBench.create();
  return { ...(await measureMoney(bench)), ...(await measureToken2022(bench)), ...(await measureConfigured(bench)) };
}

/** SPL Token, an owner without rules of his own, one consumer program. */
async function measureMoney(bench: VaultBench): Promise<Record<string, ComputeUnits>> {
  const mint = await bench.mint("spl-token");
  const [alice, bob] = [await bench.user("alice", mint), await bench.user("bob", mint)];
  const initialize = bench.measure(await bench.initialize(alice));
  const openBalance = bench.measure(await bench.openBalance(alice, mint));
  const firstDeposit = bench.measure(await bench.deposit(alice, mint, 100n * AMOUNT));
  bench.run(await bench.initialize(bob), await bench.openBalance(bob, mint), await bench.deposit(bob, mint, AMOUNT));
  const deposit = bench.measure(await bench.deposit(alice, mint, AMOUNT));
  const withdraw = bench.measure(await bench.withdraw(alice, mint, AMOUNT));
  bench.run(await bench.register());
  bench.wait(SECONDS_PER_DAY);
  const createProgramLock = bench.measure(await bench.createProgramLock(alice, mint, 50n * AMOUNT));
  bench.run(await bench.lock(alice, mint, 20n * AMOUNT));
  return {
    ...{ initialize, deposit, withdraw },
    lock: bench.measure(await bench.lock(alice, mint, AMOUNT)),
    unlock: bench.measure(await bench.unlock(alice, mint, AMOUNT)),
    transfer: bench.measure(await bench.transfer(alice, bob, mint, AMOUNT)),
    ...{ openBalance, firstDeposit: sum(openBalance, firstDeposit), createProgramLock },
  };
}

async function measureToken2022(bench: VaultBench): Promise<Record<string, ComputeUnits>> {
  const mint = await bench.mint("token-2022");
  const carol = await bench.user("carol", mint);
  bench.run(await bench.initialize(carol), await bench.openBalance(carol, mint));
  bench.run(await bench.deposit(carol, mint, 10n * AMOUNT));
  return {
    depositToken2022: bench.measure(await bench.deposit(carol, mint, AMOUNT)),
    withdrawToken2022: bench.measure(await bench.withdraw(carol, mint, AMOUNT)),
  };
}

/** An owner with limits and a security configuration, then with a delay. */
async function measureConfigured(bench: VaultBench): Promise<Record<string, ComputeUnits>> {
  const mint = await bench.mint("configured");
  const dave = await bench.user("dave", mint);
  bench.run(await bench.initialize(dave), await bench.openBalance(dave, mint));
  bench.run(await bench.deposit(dave, mint, 10n * AMOUNT), await bench.setLimits(dave, mint, LIMITS));
  bench.run(await bench.createSecurityConfig(dave));
  const withdrawWithConfig = bench.measure(await bench.withdraw(dave, mint, AMOUNT, { hasConfig: true }));
  bench.run(await bench.setDelay(dave, SECONDS_PER_DAY));
  const request = await bench.requestWithdrawal(dave, mint, AMOUNT);
  const requestWithdrawal = bench.measure(request.instruction);
  bench.wait(SECONDS_PER_DAY);
  const executeWithdrawal = bench.measure(await bench.executeWithdrawal(dave, mint, request.pendingWithdrawal));
  return { withdrawWithConfig, requestWithdrawal, executeWithdrawal };
}

function sum(one: ComputeUnits, other: ComputeUnits): ComputeUnits {
  const keys = Object.keys(one) as (keyof ComputeUnits)[];
  return Object.fromEntries(keys.map((key) => [key, one[key] + other[key]])) as unknown as ComputeUnits;
}
