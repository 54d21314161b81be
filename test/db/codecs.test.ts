import { expect } from "chai";
import fc from "fast-check";

import { MAX_NUMERIC_78 } from "../../db/codecs.js";
import type { Database, SqlValue } from "../../db/database.js";
import { usePostgres } from "../helpers/postgres.js";
import { codeOf } from "../helpers/rejection.js";

/** Text that tries to leave its quotes, and everything else PostgreSQL can store: no zero byte, no half of a character. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom('"', "\\", ",", "{", "}", "'", " ", "N", "U", "L", "\n", "$1") }),
  fc.constantFrom("", "NULL", "null", "{}", "\\x00"),
);
const storable = text.filter((value) => !value.includes("\0") && Buffer.from(value).toString() === value);
const numeric = fc.bigInt({ min: -MAX_NUMERIC_78, max: MAX_NUMERIC_78 });
const int8 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const time = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});

describe("database codecs", () => {
  const postgres = usePostgres();
  let db: Database;

  before(async () => {
    db = (await postgres.testDatabase()).database;
  });

  /** Every value comes back from the server as it went. */
  async function roundTrip(type: string, values: fc.Arbitrary<unknown>, numRuns = 150): Promise<void> {
    const sql = `SELECT $1::${type} AS one, $2::${type}[] AS many, $1::${type} IS NULL AS missing`;
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.option(values), { maxLength: 6 }), async (one, many) => {
        const rows = await db.query(sql, [one as SqlValue, many as SqlValue[]]);
        expect(rows).to.deep.equal([{ one, many, missing: false }]);
      }),
      { numRuns },
    );
  }

  it("DB-1: every bigint that numeric(78,0) can hold comes back exactly", async () => {
    await roundTrip("numeric(78,0)", numeric, 400);
    for (const edge of [0n, MAX_NUMERIC_78, -MAX_NUMERIC_78, 2n ** 256n - 1n, -(2n ** 255n), 2n ** 53n + 1n]) {
      expect(await db.query("SELECT $1::numeric(78,0) AS v", [edge])).to.deep.equal([{ v: edge }]);
    }
    const over = db.query("SELECT $1::numeric(78,0) AS v", [MAX_NUMERIC_78 + 1n]);
    expect(await codeOf(over)).to.equal("DB_REFUSED");
  });

  it("int8, bytea, text, boolean, int4 and times come back exactly, alone and in arrays", async () => {
    await roundTrip("int8", int8);
    await roundTrip("bytea", bytes);
    await roundTrip("text", storable);
    await roundTrip("boolean", fc.boolean());
    await roundTrip("int4", fc.integer());
    await roundTrip("timestamptz", time);
  });

  it("arrays of arrays, empty arrays and arrays with other lower bounds are read", async () => {
    const nested = [
      [1n, 2n],
      [3n, null],
    ];
    const rows = await db.query(
      "SELECT $1::int8[][] AS nested, '{}'::bytea[] AS none, '[0:1]={5,6}'::int8[] AS shifted",
      [nested],
    );
    expect(rows).to.deep.equal([{ nested, none: [], shifted: [5n, 6n] }]);
  });

  it("counts and sums of amounts are bigint", async () => {
    const rows = await db.query("SELECT count(*) AS n, sum(v) AS total FROM unnest($1::numeric[]) AS t (v)", [
      [MAX_NUMERIC_78, 1n],
    ]);
    expect(rows).to.deep.equal([{ n: 2n, total: MAX_NUMERIC_78 + 1n }]);
  });

  it("refuses what cannot be exact, in both directions", async () => {
    for (const value of [2 ** 53, 1e21, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), new Date(-1e15)]) {
      expect(await codeOf(db.query("SELECT $1::text AS v", [value]))).to.equal("DB_REFUSED");
    }
    for (const sql of ["1.5::numeric", "'NaN'::numeric", "'infinity'::timestamptz", "'0044-03-15 BC'::timestamptz"]) {
      expect(await codeOf(db.query(`SELECT ${sql} AS v`))).to.equal("DB_REFUSED");
    }
    expect(await db.query("SELECT 1 AS v")).to.deep.equal([{ v: 1 }]);
  });
});
