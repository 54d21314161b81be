import { expect } from "chai";

import { camelCase, idlType } from "../../scripts/programs/idlType.js";

describe("TypeScript type of an IDL", () => {
  it("splits words where Anchor's own writer does", () => {
    const names = {
      program_id: "programId",
      Vault: "vault",
      HTTPServer: "httpServer",
      MultiSigVault: "multiSigVault",
      a2_b: "a2B",
    };
    for (const [name, expected] of Object.entries(names)) expect(camelCase(name), name).to.equal(expected);
  });

  it("renames what the client names, and nothing else", () => {
    const address = "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ";
    const idl = {
      address,
      metadata: { name: "some_program" },
      instructions: [
        {
          name: "open_vault",
          docs: ["Opens a_vault."],
          accounts: [
            {
              name: "the_vault",
              relations: ["vault_owner", address],
              pda: { seeds: [{ path: "the_vault.owner_key" }] },
            },
          ],
        },
      ],
    };
    const text = idlType(JSON.stringify(idl), "some.json");
    expect(text).to.match(/^export type SomeProgram = /m);
    expect(JSON.parse(text.slice(text.indexOf("= ") + 2).replace(/;\s*$/, ""))).to.deep.equal({
      address,
      metadata: { name: "someProgram" },
      instructions: [
        {
          name: "openVault",
          docs: ["Opens a_vault."],
          accounts: [
            { name: "theVault", relations: ["vaultOwner", address], pda: { seeds: [{ path: "theVault.ownerKey" }] } },
          ],
        },
      ],
    });
  });
});
