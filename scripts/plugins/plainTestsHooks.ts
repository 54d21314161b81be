/** Handlers of the plugin for Solidity tests: see plainTests.ts. */
import { globSync } from "node:fs";

import type { ConfigHooks } from "hardhat/types/hooks";

const TESTS = "test/contracts/**/*.sol";

export default function configHooks(): Promise<Partial<ConfigHooks>> {
  return Promise.resolve({
    async resolveUserConfig(userConfig, resolveVariable, next) {
      const config = await next(userConfig, resolveVariable);
      const profile = config.solidity.profiles["default"];
      const [compiler] = profile?.compilers ?? [];
      if (profile === undefined || compiler === undefined) return config;
      const settings: object = compiler.settings as object;
      const plain = { ...compiler, settings: { ...settings, optimizer: { enabled: false } } };
      // One object for all of them: Hardhat compiles together what has the same settings, which it tells by identity.
      for (const file of globSync(TESTS, { cwd: config.paths.root })) profile.overrides[file] = plain;
      return config;
    },
  });
}
