import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { PermanentError } from "../../protocol/errors.js";
import {
  isPublished,
  LOCAL_PROGRAM_IDS,
  LOCAL_ROLE_ADDRESSES,
  localProgramSigner,
  localSigner,
  PROGRAM_NAMES,
  refuseLocalProgramIds,
} from "../../protocol/solana/programKeys.js";

const root = path.resolve(fileURLToPath(import.meta.url), "../../..");
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

describe("published keys of local roles", () => {
  it("have the addresses that are listed", async () => {
    for (const [name, listed] of Object.entries(LOCAL_ROLE_ADDRESSES)) {
      const { address } = await localSigner(name);
      expect(address, name).to.equal(listed);
      expect(isPublished(address), name).to.equal(true);
    }
  });

  it("are all that the local network's parameters name", () => {
    const { roles } = JSON.parse(read("deployments/params/solana-localnet.json")) as {
      roles: Record<string, string | null>;
    };
    for (const [role, holder] of Object.entries(roles)) expect(holder === null || isPublished(holder), role).to.be.true;
    expect(isPublished("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")).to.equal(false);
  });
});

describe("local program keys", () => {
  it("are the keys of the declared program ids", async () => {
    const anchor = read("Anchor.toml");
    for (const name of PROGRAM_NAMES) {
      const { address } = await localProgramSigner(name);
      expect(address, name).to.equal(LOCAL_PROGRAM_IDS[name]);
      expect(read(`programs/${name}/src/lib.rs`), name).to.include(`declare_id!("${address}");`);
      expect(anchor, name).to.include(`${name.replaceAll("-", "_")} = "${address}"`);
    }
  });

  it("are refused on a cluster that is not local, and only there", () => {
    const local = { genesisHash: "GenesisOfThisMachine", localGenesisHashes: new Set(["GenesisOfThisMachine"]) };
    const foreign = { ...local, genesisHash: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" };
    const programIds = ["TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"];
    for (const id of Object.values(LOCAL_PROGRAM_IDS)) {
      expect(() => {
        refuseLocalProgramIds({ ...foreign, programIds: [...programIds, id] });
      })
        .to.throw(PermanentError)
        .with.property("code", "LOCAL_PROGRAM_KEY");
      refuseLocalProgramIds({ ...local, programIds: [id] });
    }
    refuseLocalProgramIds({ ...foreign, programIds });
  });
});
