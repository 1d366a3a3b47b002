// Builds the package from the dashboard's own client, module by module: what is published reads like the source.
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(here, "../node_modules/typescript/bin/tsc"), "-p", here], { stdio: "inherit" });

// The source names its modules as bundlers resolve them; Node and strict consumers want the file.
const relative = /(\bfrom |\bimport\(|^import )"(\.[^"]*)"/gm;
for (const file of readdirSync(dist)) {
  const path = join(dist, file);
  writeFileSync(path, readFileSync(path, "utf8").replace(relative, '$1"$2.js"'));
}
copyFileSync(join(here, "../../LICENSE"), join(here, "LICENSE"));
