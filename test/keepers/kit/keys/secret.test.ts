import { format, inspect } from "node:util";

import { expect } from "chai";

import { Secret, secretOf } from "../../../../keepers/kit/keys/secret.js";
import { createLog, type Facts } from "../../../../keepers/kit/logger.js";
import { CantileverError } from "../../../../protocol/errors.js";

const VALUE = "correct horse battery staple";
/** As it looks to code that forgot what it is. */
const forgotten = new Secret(VALUE) as unknown as string;

describe("keepers/kit/keys/secret", () => {
  for (const [how, leak] of [
    ["toString", () => (forgotten as unknown as Secret).toString()],
    ["a template", () => `x${forgotten}`],
    ["concatenation", () => "x" + forgotten],
    ["toJSON", () => JSON.stringify({ forgotten })],
    ["valueOf", () => (forgotten as unknown as Secret).valueOf()],
    ["arithmetic", () => Number(forgotten) + 1],
    ["a comparison", () => (forgotten as unknown as number) < 3],
    ["inspect", () => inspect({ forgotten })],
    ["format", () => format("%s", forgotten)],
    ["an error", () => new Error(forgotten)],
    ["a property name", () => ({ [forgotten]: 1 })],
    ["join", () => [forgotten].join()],
  ] as readonly [string, () => unknown][]) {
    it(`SIGN-12 throws instead of becoming text: ${how}`, () => {
      try {
        leak();
      } catch (error) {
        if (!(error instanceof CantileverError)) throw error;
        expect(error.code).to.equal("SECRET_EXPOSED");
        expect(error.message).to.not.include(VALUE);
        return;
      }
      expect.fail("it became text");
    });
  }

  it("SIGN-12 shows nothing when its parts are listed or copied", () => {
    const copy: Record<string, unknown> = { ...(forgotten as unknown as object) };
    expect(Object.keys(copy)).to.deep.equal([]);
    expect(Object.getOwnPropertyNames(forgotten)).to.deep.equal([]);
    expect(new Secret(VALUE).use((value) => value.length)).to.equal(VALUE.length);
    expect(secretOf(undefined)).to.equal(undefined);
  });

  it("SIGN-12 is left out of a log, by its type and by what it is called", () => {
    const lines: string[] = [];
    const log = createLog({
      format: "json",
      level: "debug",
      keeper: "k",
      network: "n",
      write: (line) => lines.push(line),
    });
    const facts = {
      kept: "seen",
      forgotten,
      inside: { deeper: [{ forgotten, passphrase: VALUE, Mnemonic: VALUE }] },
      privateKey: VALUE,
      apiSecret: VALUE,
    } as unknown as Facts;
    log.info("event", facts);
    const [line = ""] = lines;
    expect(line).to.include("seen").and.to.not.include("horse");
    expect(line.match(/\[redacted\]/g)).to.have.length(6);
  });
});
