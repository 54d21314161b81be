import { createRequire } from "node:module";

import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig } from "hardhat/config";

import { rememberHashes } from "./protocol/hashes.js";
import { localRpcUrl } from "./protocol/params/load.js";
import { plainTests } from "./scripts/plugins/plainTests.js";
import { readLimit } from "./scripts/plugins/readLimit.js";
import { cantileverTasks } from "./scripts/tasks/index.js";

rememberHashes();

/** Optimizer runs: one number for every contract, because deployed size and gas per call trade against each other here. */
const OPTIMIZER_RUNS = 200;
/** The well-known development mnemonic: its keys are public and must never hold value. */
const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";
/** One seed for fuzz and invariant tests, so that every run and every gas snapshot is reproducible. */
const TEST_SEED = "0x1234";
/** A test that takes longer hangs: no limit is a matter of how quick a machine is, and few tests have one of their own. */
const HANGS_MS = 300_000;

// A path instead of a version makes Hardhat use the compiler from npm; without it Hardhat downloads one.
const solcPath = createRequire(import.meta.url).resolve("solc/soljson.js");
const compiler = {
  version: "0.8.33",
  path: solcPath,
  settings: {
    optimizer: { enabled: true, runs: OPTIMIZER_RUNS },
    evmVersion: "cancun",
    outputSelection: { "*": { "*": ["storageLayout"] } },
  },
};

/** Files that Solidity tests read: bytecode of Uniswap v3 and Permit2 as published on npm. */
const PUBLISHED_CODE = [
  "./node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
  "./node_modules/hardhat-predeploy/bin/0x000000000022D473030F116dDEE9F6B43aC78BA3.bytecode",
];

const cancunFromGenesis = { cancun: { blockNumber: 0 } };

/** An in-process chain with 21 funded accounts; chain and network id are the same. */
function simulated(chainId: number) {
  return {
    type: "edr-simulated" as const,
    chainType: "l1" as const,
    chainId,
    networkId: chainId,
    hardfork: "cancun",
    accounts: { mnemonic: DEVELOPMENT_MNEMONIC, count: 21, accountsBalance: 10_000n * 10n ** 18n },
  };
}

/** A live chain: address and key come from the keystore or the environment and are read only when it is used. */
function live(chainId: number, variablePrefix: string) {
  return {
    type: "http" as const,
    chainType: "l1" as const,
    chainId,
    url: configVariable(`${variablePrefix}_RPC_URL`),
    accounts: [configVariable(`${variablePrefix}_DEPLOYER_KEY`)],
  };
}

// Set by scripts/test.ts only: the depth of the invariant run.
const invariantRuns = Number(process.env["CANTILEVER_INVARIANT_RUNS"] ?? 32);
const invariantDepth = Number(process.env["CANTILEVER_INVARIANT_DEPTH"] ?? 20);

/** A chain of a local world; the variable names it on another port than the usual one (npm start -- --port …). */
function local(chainId: number, network: string) {
  const url = process.env[`${network.toUpperCase()}_RPC_URL`] ?? localRpcUrl(network);
  return { type: "http" as const, chainType: "l1" as const, chainId, url };
}

export default defineConfig({
  plugins: [toolbox, readLimit, plainTests],
  tasks: cantileverTasks,
  // The production profile repeats the default one: left implicit it would lose evmVersion.
  // Tests apart: everything but the Solidity tests runs after a sixth of the compiler's work (scripts/test.ts).
  solidity: { profiles: { default: compiler, production: compiler }, splitTestsCompilation: true },
  paths: { sources: "./contracts", tests: { mocha: "./test", solidity: "./test/contracts" } },
  chainDescriptors: {
    138: {
      name: "DeFi Oracle Meta Mainnet",
      chainType: "l1",
      blockExplorers: {},
      hardforkHistory: cancunFromGenesis,
    },
    651940: { name: "ALL Mainnet", chainType: "l1", blockExplorers: {}, hardforkHistory: cancunFromGenesis },
  },
  networks: {
    sim138: simulated(138),
    sim651940: simulated(651940),
    mainnetFork: simulated(1),
    localRpc: { type: "http", chainType: "l1", url: "http://127.0.0.1:8545" },
    localhost: local(138, "localhost"),
    localhost651940: local(651940, "localhost651940"),
    chain138: live(138, "CHAIN138"),
    alltra: live(651940, "ALLTRA"),
  },
  test: {
    solidity: {
      // Published bytecode of contracts that ours meet: the real thing instead of a mock.
      fsPermissions: { readFile: PUBLISHED_CODE },
      fuzz: { runs: 64, seed: TEST_SEED },
      invariant: { runs: invariantRuns, depth: invariantDepth, failOnRevert: true },
    },
    // A validator in another process answers a hundred times slower than LiteSVM in this one.
    mocha: { timeout: (process.env["CANTILEVER_ENGINE"] ?? "litesvm") === "litesvm" ? HANGS_MS : 900_000 },
  },
  typechain: { outDir: "./protocol/generated/contracts" },
});
