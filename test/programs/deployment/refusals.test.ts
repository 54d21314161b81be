import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { getBase58Decoder } from "@solana/kit";
import { expect } from "chai";

import type { ParameterError } from "../../../protocol/errors.js";
import { assertCluster } from "../../../protocol/solana/cluster.js";
import { parseSolanaParams } from "../../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS, LOCAL_ROLE_ADDRESSES } from "../../../protocol/solana/programKeys.js";
import { bufferOf } from "../../../scripts/deploy/solana/loader.js";
import { solanaHands } from "../../../scripts/deploy/solana/keys.js";
import { describeWith } from "../../helpers/describeWith.js";
import { codeOf } from "../../helpers/rejection.js";
import { DeploymentRig, localMarket, type MarketFile } from "../../helpers/solanaDeployment.js";
import { testSigner } from "../../helpers/solana.js";

const LOCAL = readFileSync("deployments/params/solana-localnet.json", "utf8");
const DEVNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
const PUBLIC = [DEVNET, "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"];
/** Addresses without a key: of programs and their accounts. */
const OFF_CURVE = "D8EwGRQ1VYdxsWchiU9eK7cFAp8iSiKFyiE3eoWV1W84";
/** Of keys that nobody has published: those of the tests of RFC 8032. */
const ON_CURVE = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";
const OTHER_ON_CURVE = "586Z7H2vpX9qNhN2T4e9Utugie3ogjbxzGaMtM3E6HR5";
const PROGRAMS = {
  "collateral-vault": "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
  "position-manager": "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
};

interface Json {
  [key: string]: unknown;
  roles: Record<string, string | null>;
}

/** Codes and paths of what is wrong with parameters of a network. */
function problems(network: string, change: (params: Json) => void): string[] {
  const params = JSON.parse(LOCAL) as Json;
  change(params);
  try {
    parseSolanaParams(network, JSON.stringify(params));
    return [];
  } catch (error) {
    return (error as ParameterError).problems.map(({ code, path: at }) => `${code} ${at}`);
  }
}

const publicParams = (params: Json): void => {
  Object.assign(params, { genesisHash: DEVNET, programs: PROGRAMS, rpcUrl: null, market: null });
  const roles = { deployer: ON_CURVE, upgradeAuthority: OFF_CURVE, admin: ON_CURVE, guardian: OTHER_ON_CURVE };
  Object.assign(params.roles, roles);
};

describe("parameters of a Solana network", () => {
  it("of this machine and of a public cluster are taken", () => {
    expect(problems("solana-localnet", () => undefined)).to.deep.equal([]);
    expect(problems("solana-devnet", publicParams)).to.deep.equal([]);
  });

  const refused: readonly [string, string, (params: Json) => void, string][] = [
    [
      "published program keys",
      "solana-devnet",
      (params) => (params["programs"] = (JSON.parse(LOCAL) as Json)["programs"]),
      "LOCAL_PROGRAM_KEY programs.collateral-vault",
    ],
    [
      "a registered program whose key is published",
      "solana-devnet",
      (params) => (params["registeredPrograms"] = [LOCAL_PROGRAM_IDS["position-manager"]]),
      "LOCAL_PROGRAM_KEY registeredPrograms",
    ],
    [
      "an upgrade authority that is one key",
      "solana-devnet",
      (params) => (params.roles["upgradeAuthority"] = ON_CURVE),
      "UPGRADE_AUTHORITY_IS_A_KEY roles.upgradeAuthority",
    ],
    [
      "a role that nobody has decided",
      "solana-devnet",
      (params) => (params.roles["guardian"] = null),
      "PARAM_UNSET roles.guardian",
    ],
    [
      "any cluster for a public network",
      "solana-devnet",
      (params) => (params["genesisHash"] = "local"),
      "PARAM_INVALID genesisHash",
    ],
    [
      "an address that is none",
      "solana-devnet",
      (params) => (params.roles["admin"] = "nobody"),
      "PARAM_INVALID roles.admin",
    ],
    ["a key that does not exist", "solana-devnet", (params) => (params["rpcurl"] = ""), "PARAM_UNKNOWN_KEY "],
    [
      "the vault registered with itself",
      "solana-devnet",
      (params) => (params["registeredPrograms"] = ["collateral-vault"]),
      "PARAM_INVALID registeredPrograms",
    ],
  ];
  for (const [what, network, change, problem] of refused) {
    it(`with ${what} are refused`, () => {
      const found = problems(network, (params) => {
        publicParams(params);
        change(params);
      });
      expect(found).to.include(problem);
    });
  }

  it("refuse every published key in every role of a public cluster", () => {
    const published = [...Object.values(LOCAL_ROLE_ADDRESSES), ...Object.values(LOCAL_PROGRAM_IDS)];
    for (const role of ["deployer", "upgradeAuthority", "admin", "guardian", "freezeMultiSig"]) {
      for (const holder of published) {
        const found = problems("solana-devnet", (params) => {
          publicParams(params);
          params.roles[role] = holder;
        });
        expect(found, `${role} ${holder}`).to.include(`LOCAL_ROLE_KEY roles.${role}`);
      }
    }
  });

  it("name a public cluster, and the local network none", () => {
    expect(problems("solana-localnet", (params) => (params["genesisHash"] = DEVNET))).to.deep.equal([
      "PARAM_INVALID genesisHash",
    ]);
    for (const hash of PUBLIC) {
      assertCluster("solana-devnet", hash, hash);
      expect(() => {
        assertCluster("solana-localnet", "local", hash);
      })
        .to.throw()
        .with.property("code", "WRONG_CLUSTER");
    }
  });
});

describe("parameters of a market", () => {
  const found = (change: (market: MarketFile) => void, network = "solana-localnet") =>
    problems(network, (params) => {
      const market = localMarket();
      if (network !== "solana-localnet") publicParams(params);
      change(market);
      params["market"] = market;
    });

  it("are taken up to the bounds of the program, and refused beyond them", () => {
    const { params } = localMarket();
    const within: [string, string | number, boolean][] = [
      ...([
        ["maintenanceMarginBps", 1_110, true],
        ["maintenanceMarginBps", 1_109, false],
      ] as [string, number, boolean][]),
      ...([
        ["initialMarginBps", 1_201, true],
        ["initialMarginBps", 1_200, false],
      ] as [string, number, boolean][]),
      ...([
        ["priceStepBpsPerMinute", 2_000, true],
        ["priceStepBpsPerMinute", 2_001, false],
      ] as [string, number, boolean][]),
      ...([
        ["priceStepBps", 0, false],
        ["liquidationRewardBps", 501, false],
      ] as [string, number, boolean][]),
      ...([
        ["entrySpreadBps", 500, true],
        ["entrySpreadBps", 501, false],
      ] as [string, number, boolean][]),
      ...([
        ["priceMaxAgeSeconds", 3_600, true],
        ["priceMaxAgeSeconds", 3_601, false],
      ] as [string, number, boolean][]),
      ...([
        ["maxOpenInterest", `1${"0".repeat(15)}`, true],
        ["maxOpenInterest", "1000000000000001", false],
      ] as const),
      ...([
        ["minSize", params["maxOpenInterest"] ?? "", true],
        ["minSize", "1000001", false],
        ["minSize", "0", false],
      ] as const),
    ] as [string, string | number, boolean][];
    for (const [name, value, isTaken] of within) {
      const refused = found((market) => (market.params[name] = value));
      expect(refused, `${name} ${String(value)}`).to.deep.equal(isTaken ? [] : [`PARAM_INVALID market.params.${name}`]);
    }
  });

  it("name people of their own, and eight mints at most", () => {
    const admin = localMarket().admin;
    expect(found((market) => (market.priceAuthority = admin))).to.deep.equal(["PARAM_INVALID market.priceAuthority"]);
    expect(found((market) => (market.priceAuthority = market.houseOwner))).to.deep.equal([
      "PARAM_INVALID market.priceAuthority",
    ]);
    expect(found((market) => (market.collaterals = [admin, admin]))).to.deep.equal([
      "PARAM_INVALID market.collaterals",
    ]);
    expect(found((market) => (market.admin = null as never))).to.deep.equal(["PARAM_UNSET market.admin"]);
    expect(found(() => undefined, "solana-devnet")).to.include.members([
      "LOCAL_ROLE_KEY market.admin",
      "LOCAL_ROLE_KEY market.priceAuthority",
      "LOCAL_ROLE_KEY market.houseOwner",
    ]);
  });
});

describeWith("ownCluster", "deployment on a Solana cluster refuses", () => {
  let rig: DeploymentRig;
  before(async () => {
    rig = await DeploymentRig.start();
    rig.build("position-manager", "small");
    await rig.preload("collateral-vault");
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.setParams(() => undefined);
  });

  it("another cluster than the network's", async () => {
    rig.setParams(publicParams as never, "solana-devnet");
    expect(await codeOf(rig.deploy(rig.hands, { network: "solana-devnet" }))).to.equal("WRONG_CLUSTER");
  });

  it("another key than the deployer's", async () => {
    const stranger = { ...rig.hands, deployer: await testSigner(7) };
    expect(await codeOf(rig.deploy(stranger))).to.equal("WRONG_DEPLOYER");
  });

  it("another key than the program's", async () => {
    const wrong = { ...rig.hands, programKey: () => testSigner(7) };
    expect(await codeOf(rig.deploy(wrong))).to.equal("WRONG_PROGRAM_KEY");
  });

  it("a program that was built for another address, and one that was not built", async () => {
    rig.setParams((params) => {
      params.programs = { ...PROGRAMS };
      params.registeredPrograms = [];
    });
    expect(await codeOf(rig.deploy())).to.equal("BUILT_FOR_ANOTHER_ADDRESS");
    rig.setParams(() => undefined);
    for (const name of ["position_manager.json", "position_manager.so"]) {
      const file = path.join(rig.built, name);
      const before = readFileSync(file);
      if (name.endsWith(".so")) rmSync(file);
      else writeFileSync(file, "");
      expect(await codeOf(rig.deploy()), name).to.equal("PROGRAM_NOT_BUILT");
      writeFileSync(file, before);
    }
  });

  it("a buffer that is not its own", async () => {
    await rig.leaveBuffer("position-manager", 100);
    const elf = readFileSync(path.join(rig.built, "position_manager.so"));
    const { address } = await bufferOf(rig.hands.deployer.address, elf);
    const { node } = rig;
    const account = node.getAccount(address);
    if (!account.exists) throw new Error("no buffer");
    const data = Uint8Array.from(account.data);
    data[10] = (data[10] ?? 0) ^ 1;
    node.setAccount({ ...account, data });
    node.advance(2);
    expect(await codeOf(rig.deploy())).to.equal("FOREIGN_BUFFER");
  });
});

describe("keys of a deployment on a public cluster", () => {
  const loaded = () => {
    const params = JSON.parse(LOCAL) as Json;
    publicParams(params);
    return parseSolanaParams("solana-devnet", JSON.stringify(params));
  };

  it("come from variables, as solana-keygen writes them or in base58", async () => {
    // Both halves of the key of RFC 8032, test 1.
    const secret =
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const bytes = Buffer.from(secret, "hex");
    const variables: Record<string, string> = {
      SOLANA_DEVNET_DEPLOYER_KEY: JSON.stringify([...bytes]),
      SOLANA_DEVNET_COLLATERAL_VAULT_KEY: getBase58Decoder().decode(bytes),
    };
    const hands = await solanaHands(loaded(), (name) => Promise.resolve(variables[name]));
    expect(hands.deployer.address).to.equal("FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z");
    expect((await hands.programKey("collateral-vault")).address).to.equal(hands.deployer.address);
    expect(await codeOf(hands.programKey("position-manager"))).to.equal("KEY_MISSING");
  });

  for (const text of ["", "[1,2,3]", "not base58: 0OIl", "[".concat(new Array(64).fill("1").join(","), "]")]) {
    it(`are refused without being shown: ${text.slice(0, 12)}`, async () => {
      const error: unknown = await solanaHands(loaded(), () => Promise.resolve(text)).catch(
        (thrown: unknown) => thrown,
      );
      expect((error as { code: string }).code).to.equal("KEY_MALFORMED");
      if (text !== "") expect(JSON.stringify(error)).not.to.include(text);
      expect((error as Error).cause).to.equal(undefined);
    });
  }
});
