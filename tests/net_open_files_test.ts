import assert from "$assert";
import { openFilesLeft } from "../lib/net/open_files.ts";
import { canRun, canUseFiles } from "./support.ts";

Deno.test("the files that are wanted can be opened", { ignore: !canUseFiles }, () => {
  assert.equal(openFilesLeft(0), 0);
  assert.equal(openFilesLeft(50), 50);
  assert.equal(openFilesLeft(50), 50, "they were closed again");
});

Deno.test("without the permission to try, nothing is known", { permissions: "none" }, () => {
  assert.equal(openFilesLeft(1), null);
});

Deno.test("the system's limit is found", { ignore: !canRun }, async () => {
  const script = new URL("../lib/net/open_files.ts", import.meta.url).href;
  const code = `import { openFilesLeft } from "${script}"; console.log(openFilesLeft(5000))`;
  const { stdout } = await new Deno.Command("sh", {
    // The runtime raises the soft limit to the hard one by itself.
    args: [
      "-c",
      'ulimit -n 400; echo "$1" | "$0" run --quiet --no-config --allow-read --allow-import -',
      Deno.execPath(),
      code,
    ],
  }).output();
  const left = Number(new TextDecoder().decode(stdout));
  assert.ok(left > 300 && left < 400, `${left} of 400`);
});
