/** A process that holds a lease and, when asked, tries to write under it. Started by tests that stop and wake it. */
import { connectDatabase } from "../../db/connect.js";
import { lockLease } from "../../db/queries/lease/lock.js";
import { Lease } from "../../keepers/kit/lease.js";
import { createLog } from "../../keepers/kit/logger.js";

const [url = "", name = "", ttlMs = "0"] = process.argv.slice(2);
const database = connectDatabase({ url });
const log = createLog({ format: "json", level: "silent", keeper: "test", network: "test" });
// It believes in its lease for as long as it lives: nothing but the fence stops it.
const lease = new Lease(database, { name, ttlMs: Number(ttlMs), renewMs: 3_600_000 }, log);
// Its time begins with the question: connecting belongs before it.
await database.query("SELECT 1");
await lease.step();
const { held } = lease;
if (held === undefined) throw new Error("the lease is not free");

process.on("message", () => {
  void database
    .transaction((tx) => lockLease(tx, held.name, held.owner, held.fence))
    .then((mayWrite) => process.send?.({ mayWrite }));
});
process.on("disconnect", () => process.exit(0));
process.send?.({ fence: held.fence.toString() });
