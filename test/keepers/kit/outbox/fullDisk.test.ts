import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { describeWith } from "../../../helpers/describeWith.js";
import { onSmallDisk } from "../../../helpers/smallDisk.js";

const PROGRAM = fileURLToPath(new URL("../../../helpers/fullDisk.ts", import.meta.url));

describeWith("smallDisk", "keepers/kit/outbox on a disk that fills up", () => {
  it("OUTBOX-8 DB-10 signs nothing while nothing can be stored, watches what is in flight, and goes on by itself", () => {
    const { status, stdout, stderr } = onSmallDisk("96m", (disk) => [
      process.execPath,
      "--import",
      "tsx",
      PROGRAM,
      disk,
    ]);
    expect(status, stderr).to.equal(0);
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    const { dataFull, rows, ...rest } = seen;
    expect(dataFull).to.deep.equal(["DB_STORAGE", "held", "held", "held"]);
    expect(rows).to.deep.equal([
      { key: "early", state: "final" },
      { key: "later", state: "final" },
    ]);
    expect(rest).to.deep.equal({
      stateDataFull: { state: "degraded", reason: "DB_STORAGE" },
      // Its bytes were sent again from memory and mined while nothing could be stored.
      executedDataFull: 1,
      logFull: ["held"],
      stateLogFull: { state: "degraded", reason: "EMBEDDED_DISK_FULL" },
      signedMeanwhile: 0,
      after: ["accepted"],
      stateAfter: { state: "healthy", reason: null },
      executed: ["early", "later"],
      alerts: ["raised database-gone", "resolved database-gone"],
    });
  });
});
