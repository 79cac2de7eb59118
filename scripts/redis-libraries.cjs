// Uses Redis by BullMQ, as the app user of one service: node redis-libraries.cjs URL PREFIX.
const assert = require("node:assert");
const IORedis = require("ioredis");
const { Queue, QueueEvents, Worker } = require("bullmq");

const [url, prefix] = process.argv.slice(2);

async function main() {
  const opened = [];
  const connection = () => opened[opened.push(new IORedis(url, { maxRetriesPerRequest: null })) - 1];
  const own = `${prefix}bull`;
  const queue = new Queue("mail", { prefix: own, connection: connection() });
  const events = new QueueEvents("mail", { prefix: own, connection: connection() });
  await events.waitUntilReady();
  const worker = new Worker("mail", async (job) => job.data.a + job.data.b, { prefix: own, connection: connection() });
  worker.on("error", (error) => { console.error(error); process.exitCode = 1; });
  const jobs = await queue.addBulk([...Array(50).keys()].map((a) => ({ name: "add", data: { a, b: 1 }, opts: { attempts: 2 } })));
  const late = await queue.add("add", { a: 40, b: 2 }, { delay: 200, priority: 3 });
  const results = await Promise.all([...jobs, late].map((job) => job.waitUntilFinished(events, 30000)));
  assert.strictEqual(results.reduce((all, one) => all + one, 0), 1317);
  await queue.upsertJobScheduler("each", { every: 100 }, { name: "add", data: { a: 1, b: 1 } });
  await new Promise((done) => worker.on("completed", (job) => job.repeatJobKey && done()));
  await queue.removeJobScheduler("each");
  assert.ok((await queue.getJobCounts()).completed >= 51);
  await queue.obliterate({ force: true });
  await worker.close();
  await events.close();
  await queue.close();
  await Promise.all(opened.map((one) => one.quit().catch(() => {})));
  console.log("ok: bullmq");
}

main().catch((error) => { console.error(error); process.exit(1); });
