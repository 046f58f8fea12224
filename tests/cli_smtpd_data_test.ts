/** Which data directory a command works on, and what opening it may come to. */
import assert from "$assert";
import { askAdmin } from "../lib/cli/admin_client.ts";
import { findDirectory, openStore } from "../lib/cli/data_directory.ts";
import { EXIT, type ExitStatus, Failure } from "../lib/cli/fail.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canUseFiles,
    fn: async () => {
      await using folder = await temporaryFolder();
      await fn(folder.path);
    },
  });
}

test("--data names the directory, and says nothing about the domain", async () => {
  assert.deepEqual(await findDirectory({ data: "/d", config: null }), {
    directory: "/d",
    domain: null,
  });
});

test("--config names the directory and the domain, and --data wins", async (folder) => {
  const config = `${folder}/c.toml`;
  await Deno.writeTextFile(config, `domain = ["abc.com", "abc.org"]\ndata = "/d"\n`);
  assert.deepEqual(await findDirectory({ data: null, config }), {
    directory: "/d",
    domain: "abc.com",
  });
  assert.deepEqual(await findDirectory({ data: "/e", config }), {
    directory: "/e",
    domain: "abc.com",
  });
  await Deno.writeTextFile(config, `domain = "abc.com"\n`);
  assert.deepEqual(await findDirectory({ data: null, config }), {
    directory: "./data/abc.com",
    domain: "abc.com",
  });
  await Deno.writeTextFile(config, "");
  await assertFails(findDirectory({ data: null, config }), EXIT.badConfiguration, /c\.toml: /);
  await assertFails(
    findDirectory({ data: null, config: `${folder}/none` }),
    EXIT.noInput,
    /cannot read .*none/,
  );
});

test("without a name it is the only directory; else what there is, is said", async (folder) => {
  const place = { data: null, config: null };
  const root = `${folder}/data`;
  await assertFails(findDirectory(place, root), EXIT.noInput, /--data DIR or --config FILE/);
  await Deno.mkdir(`${root}/abc.com`, { recursive: true });
  await Deno.writeTextFile(`${root}/notes`, "no directory");
  assert.deepEqual(await findDirectory(place, root), {
    directory: `${root}/abc.com`,
    domain: "abc.com",
  });
  await Deno.mkdir(`${root}/xyz.com`);
  await assertFails(findDirectory(place, root), EXIT.usage, /abc\.com, xyz\.com/);
});

test("a store in memory is reached by nobody but its server", async () => {
  const wanted = findDirectory({ data: "memory:", config: null });
  await assertFails(wanted, EXIT.usage, /memory:/);
});

test("a directory that is open already is refused with status 75", async (folder) => {
  const world = denoWorld();
  await using _store = await openStore(`${folder}/d`, world);
  await assertFails(openStore(`${folder}/d`, world), EXIT.tryAgainLater, /in use by another smtpd/);
});

test("a directory that cannot be made is refused with status 73", async (folder) => {
  await Deno.writeTextFile(`${folder}/file`, "");
  await assertFails(openStore(`${folder}/file/d`, denoWorld()), EXIT.cannotCreate, /file\/d/);
});

test("a database of something else is refused with status 65", async (folder) => {
  await Deno.writeTextFile(`${folder}/smtpd.db`, "not a database ".repeat(1000));
  await assertFails(openStore(folder, denoWorld()), EXIT.badData, /not a database of smtpd/);
});

test("only adding a user makes a data directory", async (folder) => {
  const admin = { world: denoWorld(), place: { data: `${folder}/d`, config: null } };
  await assertFails(askAdmin(admin, { do: "user list" }), EXIT.noInput, /not a data directory/);
  const name = "alice@abc.com";
  await askAdmin(admin, { do: "user add", name, password: "secret" });
  const { users } = await askAdmin(admin, { do: "user list" });
  assert.deepEqual(users.map((user) => user.name), [name]);
});

test("a name without a domain is refused where the domain is not known", async (folder) => {
  const admin = { world: denoWorld(), place: { data: `${folder}/d`, config: null } };
  const adding = askAdmin(admin, { do: "user add", name: "alice", password: "secret" });
  await assertFails(adding, EXIT.usage, /alice@example\.org/);
});

async function assertFails(
  running: Promise<unknown>,
  status: ExitStatus,
  message: RegExp,
): Promise<void> {
  await assert.rejects(running, (error: unknown) => {
    if (!(error instanceof Failure)) return false;
    assert.match(error.message, message);
    assert.equal(error.status, status);
    return true;
  });
}
