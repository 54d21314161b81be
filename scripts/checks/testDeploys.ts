/** Solidity tests try the artifacts of our contracts, because what they compile themselves is not optimized (scripts/plugins/plainTests.ts). */
import type { Finding } from "./finding.js";

/** Every `new` of one of these contracts in a test, which would try other code than what is deployed. */
export function checkTestDeploys(
  tests: readonly { readonly file: string; readonly text: string }[],
  contracts: ReadonlySet<string>,
): Finding[] {
  return tests.flatMap(({ file, text }) =>
    text.split("\n").flatMap((line, index): Finding[] => {
      const name = /^(?!\s*\/\/).*\bnew (\w+)\(/.exec(line)?.[1];
      if (name === undefined || !contracts.has(name)) return [];
      const place = `${file}:${String(index + 1)}`;
      return [{ rule: "test-compiles", place, message: `new ${name}: write deploy("${name}", abi.encode(…))` }];
    }),
  );
}
