/** What `npm run keeper -- NAME policy` says, and the one line that every start prints. */
import { formatUnits } from "ethers";

import type { KeeperLog } from "../logger.js";
import type { ProgramResult } from "../program.js";
import { policyHash } from "./canonical.js";
import { worstCaseLossPerDay } from "./meters.js";
import { NATIVE, type Policy } from "./types.js";

const COIN_DECIMALS = 18;

/** The keys of commands.md, and what names the policy. `decimalsOf`: for people only. */
export function policyReport(
  policy: Policy,
  decimalsOf: (asset: string) => number,
  say: (line: string) => void,
): ProgramResult {
  say(`${policy.role} on chain ${policy.chainId}, signed by ${policy.signer}: policy ${policyHash(policy)}`);
  for (const rule of policy.rules) {
    say(`  ${rule.name.padEnd(34)} ${rule.target}  at most ${String(rule.perHour)} an hour`);
  }
  const losses = worstCaseLossPerDay(policy);
  say("blast radius: whatever this process is made to sign, in any 24 hours at most");
  for (const [asset, units] of Object.entries(losses)) {
    const decimals = asset === NATIVE ? COIN_DECIMALS : decimalsOf(asset);
    say(`  ${formatUnits(units, decimals)} ${asset === NATIVE ? "of the chain's coin, as fees" : asset}`);
  }
  return {
    ok: true,
    report: {
      role: policy.role,
      policyHash: policyHash(policy),
      chainId: policy.chainId,
      signer: policy.signer,
      rules: policy.rules,
      noOp: policy.noOp,
      worstCaseLossPerDay: losses,
    },
  };
}

/** The line at the start of a keeper. */
export function logPolicy(policy: Policy, log: KeeperLog): void {
  const worstCase = worstCaseLossPerDay(policy);
  log.info("policy", { policyHash: policyHash(policy), rules: policy.rules.length, worstCaseLossPerDay: worstCase });
}
