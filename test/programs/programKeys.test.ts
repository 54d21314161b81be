import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { PermanentError } from "../../protocol/errors.js";
import {
  LOCAL_PROGRAM_IDS,
  localProgramSigner,
  PROGRAM_NAMES,
  refuseLocalProgramIds,
} from "../../protocol/solana/programKeys.js";

const root = path.resolve(fileURLToPath(import.meta.url), "../../..");
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

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
