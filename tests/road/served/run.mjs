// Run one client's programs against a server: as run.py, for Node. Started in the folder of its node_modules.
// node run.mjs FILE BASE FLAKY
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const UNKNOWN = "cascade/no-such-task";
const [file, base, flaky] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(process.cwd(), ".run-")); // where imports find the libraries
createRequire(import.meta.url);
const copy = join(folder, file);
writeFileSync(copy, readFileSync(join(here, file)));
const client = await import(pathToFileURL(copy).href);
rmSync(folder, { recursive: true });

const wanted = (found, part) => {
  if (!String(found).includes(part)) throw new Error(`found ${JSON.stringify(found)}`);
  return String(found);
};
const refused = async (ask) => {
  let found;
  try {
    found = await ask();
  } catch (error) {
    wanted(`${error} ${error.responseBody ?? ""} ${error.cause ?? ""}`, "does not exist here");
    return error.constructor.name;
  }
  throw new Error(`found ${JSON.stringify(found)}`);
};
const sorted = ({ item, qty }) => JSON.stringify({ item, qty });
const programs = {
  chat: async () => wanted(await client.chat(base), "Oslo"),
  stream: async () => wanted((await client.stream(base)).join(""), "Oslo"),
  tools: async () => wanted(await client.tools(base), "umbrella"),
  structured: async () => wanted(sorted(await client.structured(base)), '{"item":"lamp","qty":2}'),
  errors: async () => refused(() => client.chat(base, UNKNOWN)),
  retry: async () => wanted(await client.chat(flaky), "Oslo"),
};
const needed = { errors: "chat", retry: "chat" };

for await (const line of createInterface({ input: process.stdin })) {
  const program = line.trim();
  let told = { ended: "none" };
  if (client[needed[program] ?? program]) {
    try {
      told = { ended: "green", said: await programs[program]() };
    } catch (error) {
      console.error(error);
      told = { ended: "red", said: `${error}`.slice(0, 300) };
    }
  }
  console.log(`ROAD ${JSON.stringify(told)}`);
}
process.exit(0);
