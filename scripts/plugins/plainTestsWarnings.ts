/** Handlers of the plugin for Solidity tests, see plainTests.ts: what the compiler says of code that nobody deploys. */
import type { SolidityHooks } from "hardhat/types/hooks";

/** solc's code for a contract that is larger than a chain takes. */
const TOO_LARGE = "5574";

export default function solidityHooks(): Promise<Partial<SolidityHooks>> {
  return Promise.resolve({
    async getCompilationJobErrors(context, job, output, next) {
      const errors = await next(context, job, output);
      const { settings } = job.solcConfig as { settings?: { optimizer?: { enabled?: boolean } } };
      if (settings?.optimizer?.enabled !== false) return errors;
      // Our contracts without the optimizer: npm run check says what they measure as they are deployed.
      return errors.filter(({ errorCode }) => errorCode !== TOO_LARGE);
    },
  });
}
