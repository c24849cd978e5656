// Reads jobs, runs them at the same time, writes notes; ../driver says more.
import { createInterface } from "node:readline";

const tell = (note) => process.stdout.write(`${JSON.stringify(note)}\n`);

// drive runs jobs until standard input ends. run(job, opened) makes a stream and returns the note of its end.
export async function drive(run) {
  const running = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    const job = JSON.parse(line);
    const opened = (note) => tell({ ...note, id: job.id, kind: "opened" });
    const task = run(job, opened)
      .catch((err) => ({ error: { name: err.name ?? "Error", message: String(err.message ?? err) } }))
      .then((note) => tell({ ...note, id: job.id, kind: "ended" }))
      .finally(() => running.delete(task));
    running.add(task);
  }
  await Promise.all(running);
}

// A failure that no stream has caught is the SDK's or ours: the jobs under way are lost with the process, and it says why.
process.on("uncaughtException", (err) => {
  process.stderr.write(`uncaught: ${err.stack ?? err}\n`);
  process.exit(1);
});
