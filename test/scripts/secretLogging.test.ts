import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { RuleTester } from "eslint";
import tseslint from "typescript-eslint";

import { noSecretLogging } from "../../scripts/checks/secretLogging.js";

// A project of one file, so that types are known soon; the file's text is that of each case.
const root = fs.mkdtempSync(path.join(tmpdir(), "secret-logging-"));
const filename = path.join(root, "case.ts");
const compilerOptions = { strict: true, target: "ES2023", lib: ["ES2023"], module: "NodeNext", types: [] };
fs.writeFileSync(filename, "");
fs.writeFileSync(path.join(root, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["case.ts"] }));
after(() => {
  fs.rmSync(root, { recursive: true });
});

const BY_NAME = `declare const log: { info(event: string, facts?: object): void; warn(event: string, facts?: object): void };
declare const logger: typeof log; declare const auditLog: typeof log; declare const console: { log(...x: unknown[]): void };
declare const passphrase: string, mnemonic: string | undefined, privateKey: Uint8Array, apiSecret: string, dbPassword: unknown;
declare const config: { keystorePassphrase: string; address: string }; declare const env: Record<string, string | undefined>;
declare function open(passphrase: string): { address: string };
`;
const BY_TYPE = `class Secret { #value = "x"; use<T>(work: (value: string) => T): T { return work(this.#value); } }
declare const log: { info(event: string, facts?: object): void }; declare const key: Secret; declare const maybe: Secret | undefined;
declare const holder: { inner: { it: Secret } }; declare const words: Secret[];
`;

const leak = (before: string, code: string, count = 1) => ({
  name: code,
  code: before + code,
  filename,
  errors: count,
});
const fine = (before: string) => (code: string) => ({ name: code, code: before + code, filename });

new RuleTester({
  languageOptions: {
    parser: tseslint.parser,
    parserOptions: { projectService: true, tsconfigRootDir: root },
  },
}).run("SIGN-18 cantilever/no-secret-logging, with types", noSecretLogging, {
  valid: [
    `log.info("key.open", { address: open(passphrase).address });`,
    `log.info("key.open", { has: passphrase !== undefined });`,
    `console.log(config.address);`,
    `throw new Error("set KEEPER_PASSPHRASE");`,
    "const variable = `${config.address}_PASSPHRASE`;",
    `const isSecret = true; log.info("x", { isSecret });`,
    `declare const secretCount: number; log.info("x", { secretCount });`,
    `declare const attemptsAtPassword: number; log.info("x", { attemptsAtPassword });`,
    `declare function loadSecret(): string; log.info("x", { loaded: loadSecret.name });`,
    `open(passphrase); const kept = { passphrase };`,
    `const digest = (privateKey: bigint) => privateKey + 1n;`,
    `log.warn("tx.sent", { hash: "0x" });`,
    `JSON.stringify({ address: config.address });`,
    `declare const shop: { log(x: string): void }; shop.log(passphrase);`,
  ]
    .map(fine(BY_NAME))
    .concat(
      [
        `key.use((text) => text.length);`,
        `log.info("x", { length: key.use((text) => text.length) });`,
        `const copy = [key, maybe]; const kept = { key };`,
      ].map(fine(BY_TYPE)),
    ),
  invalid: [
    // Every sink, by name.
    leak(BY_NAME, `log.info("x", { passphrase });`),
    leak(BY_NAME, `logger.warn("x", { given: passphrase });`),
    leak(BY_NAME, `auditLog.info(passphrase);`),
    leak(BY_NAME, `console.log("x", mnemonic);`),
    leak(BY_NAME, `throw new Error(passphrase);`),
    leak(BY_NAME, `class PermanentError extends Error {} throw new PermanentError(apiSecret, { cause: 1 });`),
    leak(BY_NAME, `throw new Error("x", { cause: mnemonic });`),
    leak(BY_NAME, `JSON.stringify({ a: [privateKey] });`),
    leak(BY_NAME, `String(privateKey);`),
    leak(BY_NAME, `const text = \`key: \${apiSecret}\`;`),
    leak(BY_NAME, `const text = "key: " + apiSecret;`),
    leak(BY_NAME, `let text = "key: "; text += apiSecret;`),
    leak(BY_NAME, `const copy = { ...(dbPassword as object) };`),
    leak(BY_NAME, `const letters = [...passphrase];`),
    leak(BY_NAME, `open(...([passphrase] as [string]), ...privateKey);`),
    // However it is reached.
    leak(BY_NAME, `log.info("x", { value: config.keystorePassphrase });`),
    leak(BY_NAME, `log.info("x", { value: env["keystorePassphrase"] });`),
    leak(BY_NAME, `log.info("x", { value: mnemonic! });`),
    leak(BY_NAME, `log.info("x", { value: mnemonic ?? "none" });`),
    leak(BY_NAME, `log.info("x", { value: config.address === "" ? passphrase : "" });`),
    leak(BY_NAME, `log.info("x", { deep: { deeper: [{ value: passphrase }] } });`),
    leak(BY_NAME, `class Key { #secret = "x"; show(): string { return \`\${this.#secret}\`; } }`),
    leak(BY_NAME, `declare const parts: { logger: typeof log }; parts.logger.info("x", { passphrase });`),
    leak(BY_NAME, `log.info("x", { passphrase, mnemonic });`, 2),
    // By type, whatever it is called.
    leak(BY_TYPE, `log.info("x", { key });`),
    leak(BY_TYPE, `log.info("x", { maybe });`),
    leak(BY_TYPE, `log.info("x", { value: holder.inner.it });`),
    leak(BY_TYPE, `const text = \`\${key}\`;`),
    leak(BY_TYPE, `throw new Error("x" + maybe);`),
    leak(BY_TYPE, `JSON.stringify(words[0]);`),
    leak(BY_TYPE, `const copy = { ...key };`),
  ],
});

new RuleTester({
  languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: root } },
}).run("SIGN-18 cantilever/no-secret-logging, by type alone", noSecretLogging, {
  valid: [{ ...fine(BY_NAME)("console.log(passphrase);"), options: [{ names: false }] }],
  invalid: [{ ...leak(BY_TYPE, `log.info("x", { key });`), options: [{ names: false }] }],
});

// JavaScript and files outside the project: by name alone.
new RuleTester().run("SIGN-18 cantilever/no-secret-logging, without types", noSecretLogging, {
  valid: [`console.log(address);`, `console.log(passphrase.length);`, "const x = `${hasSecret}`;"],
  invalid: [
    { code: `console.log(passphrase);`, errors: 1 },
    { code: `throw new TypeError(secretKey);`, errors: 1 },
    { code: "const x = `${wallet.privateKey}`;", errors: 1 },
  ],
});
