/** `npm run seal`: puts a mnemonic into the envelope file that a keeper can open. The words come from the terminal or a pipe only. */
import { writeFileSync } from "node:fs";

import { PermanentError } from "../protocol/errors.js";
import { runCommand } from "../scripts/cli.js";
import { askSecret } from "./kit/keys/askSecret.js";
import { openKms } from "./kit/keys/kmsClient.js";
import { makeEnvelope } from "./kit/keys/makeEnvelope.js";

const definition = {
  command: "npm run seal --",
  summary: "Seals a mnemonic under a data key of AWS KMS. Asks for the words unseen, or reads them from a pipe.",
  flags: {
    "kms-key": { kind: "string", help: "id, alias or ARN of a symmetric key of the KMS", required: true },
    region: { kind: "string", help: "region of the KMS", required: true },
    endpoint: { kind: "string", help: "another address than the region's own" },
    out: { kind: "string", placeholder: "FILE", help: "the new envelope; never replaces a file", required: true },
    path: { kind: "string", default: "m/44'/60'/0'/0/0", help: "derivation path of the account" },
  },
} as const;

await runCommand(definition, async ({ flags, say }) => {
  const { "kms-key": keyId, region, endpoint, out: file, path } = flags;
  const words = await askSecret(process.stdin, "mnemonic (not shown): ", (text) => process.stderr.write(text));
  const { text, address } = await makeEnvelope(openKms({ keyId, region, endpoint }), keyId, words, path);
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new PermanentError(
      "ENVELOPE_NOT_WRITTEN",
      `${file} cannot be written (${code})`,
      "name a file that does not exist",
    );
  }
  say(`${file} holds the account ${address}; it was opened again through the KMS`);
  return { ok: true, report: { file, address, path } };
});
