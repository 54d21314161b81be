import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { LOCAL_PROGRAM_IDS } from "../../protocol/solana/programKeys.js";
import {
  DIFFERENTIAL_HOST,
  DIFFERENTIAL_PROGRAM,
  isDifferentialBuilt,
  writeDifferentialStamp,
} from "../../scripts/programs/differential.js";
import { outputsOf, PROGRAM_NAMES } from "../../scripts/programs/layout.js";
import { differences, readRecord, REBUILD, RECORD } from "../../scripts/programs/record.js";

const root = path.resolve(fileURLToPath(import.meta.url), "../../..");

describe("committed programs", () => {
  it("were built from the sources that lie beside them", () => {
    expect(differences(root, readRecord(root)), `run ${REBUILD} and commit what it writes`).to.deep.equal([]);
  });

  it("have interfaces with the addresses that local clusters give them", () => {
    for (const name of PROGRAM_NAMES) {
      const text = readFileSync(path.join(root, outputsOf(name).idl), "utf8");
      const idl = JSON.parse(text) as { readonly address: string };
      expect(idl.address, name).to.equal(LOCAL_PROGRAM_IDS[name]);
    }
  });

  describe("no longer count as built", () => {
    const source = "programs/collateral-vault/src/lib.rs";
    const { so, idl } = outputsOf("collateral-vault");
    const changes: readonly [string, string, (inCopy: (file: string) => string) => void][] = [
      [
        "a source changes",
        source,
        (inCopy) => {
          appendFileSync(inCopy(source), "\n");
        },
      ],
      [
        "a source is new",
        "programs/collateral-vault/src/extra.rs",
        (inCopy) => {
          writeFileSync(inCopy("programs/collateral-vault/src/extra.rs"), "");
        },
      ],
      [
        "a source is gone",
        source,
        (inCopy) => {
          rmSync(inCopy(source));
        },
      ],
      [
        "the build changes",
        "scripts/programs/sbf/link.sh",
        (inCopy) => {
          appendFileSync(inCopy("scripts/programs/sbf/link.sh"), "#");
        },
      ],
      [
        "a dependency changes",
        "Cargo.lock",
        (inCopy) => {
          appendFileSync(inCopy("Cargo.lock"), "#");
        },
      ],
      [
        "a program is another",
        so,
        (inCopy) => {
          appendFileSync(inCopy(so), "\0");
        },
      ],
      [
        "an interface is gone",
        idl,
        (inCopy) => {
          rmSync(inCopy(idl));
        },
      ],
    ];
    let copy = "";
    before(() => {
      copy = mkdtempSync(path.join(tmpdir(), "cantilever-prebuilt-"));
    });
    after(() => {
      rmSync(copy, { recursive: true, force: true });
    });
    for (const [what, file, change] of changes) {
      it(`when ${what}`, () => {
        rmSync(copy, { recursive: true, force: true });
        const record = readRecord(root);
        for (const name of [RECORD, ...record.files.keys()]) cpSync(path.join(root, name), path.join(copy, name));
        expect(differences(copy, readRecord(copy))).to.deep.equal([]);
        change((name) => path.join(copy, name));
        const [line, ...more] = differences(copy, readRecord(copy));
        expect(line).to.match(new RegExp(`^${file} `));
        expect(more).to.deep.equal([]);
      });
    }
  });

  it("cannot be judged without their record", () => {
    expect(() => readRecord(tmpdir()))
      .to.throw()
      .with.property("code", "NO_BUILD_RECORD");
  });
});

describe("functions of the differential test", () => {
  it("no longer count as built with another LLVM or rust-src", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "cantilever-differential-"));
    const before = process.env["SBF_TOOLS"];
    process.env["SBF_TOOLS"] = folder;
    try {
      for (const file of [DIFFERENTIAL_PROGRAM, DIFFERENTIAL_HOST]) {
        mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
        writeFileSync(path.join(folder, file), "");
      }
      const versions = path.join(folder, "versions");
      writeFileSync(versions, "llvm 1\n");
      writeDifferentialStamp(folder);
      expect(isDifferentialBuilt(folder)).to.equal(true);
      writeFileSync(versions, "llvm 2\n");
      expect(isDifferentialBuilt(folder)).to.equal(false);
    } finally {
      if (before === undefined) delete process.env["SBF_TOOLS"];
      else process.env["SBF_TOOLS"] = before;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
