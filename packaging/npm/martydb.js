#!/usr/bin/env node
// Starts the program of the package for this platform, which npm installs as an optional dependency.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `@martydb/${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/martydb`);
} catch {
  console.error(`error: the package ${name} is not installed`);
  console.error("hint: npm leaves it out with --omit=optional, and there is none for other platforms; there, build martydb with cargo");
  process.exit(1);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// The terminal sends its signals to the program too: this one waits for it, and passes on those that only this one gets.
for (const signal of ["SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"]) {
  process.on(signal, () => {
    if (signal === "SIGTERM" || signal === "SIGHUP") child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`error: cannot start ${program}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
