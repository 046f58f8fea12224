import assert from "$assert";
import {
  addressOf,
  type Contacts,
  contactsPath,
  parseContacts,
  withContact,
  withoutContact,
} from "../lib/cli/contacts.ts";
import { EXIT, type ExitStatus, Failure } from "../lib/cli/fail.ts";
import { runSmtpc } from "./cli_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

const BOB: Contacts = new Map([["Bob", "bob@xyz.com"]]);

function failsWith(status: ExitStatus, message: RegExp) {
  return (error: unknown) =>
    error instanceof Failure && error.status === status && message.test(error.message);
}

Deno.test("a contact is found in any case, and with blanks around it", () => {
  assert.equal(addressOf(BOB, " bOB "), "bob@xyz.com");
  assert.equal(addressOf(BOB, "bo"), null);
  assert.equal(addressOf(new Map([["Zoe\u0308", "zoe@xyz.com"]]), "zo\u00eb"), "zoe@xyz.com");
});

Deno.test("a contact that is added again gets the new address, and keeps its place and spelling", () => {
  const two = withContact(BOB, "eve", "EVE@XYZ.com");
  assert.deepEqual([...two], [["Bob", "bob@xyz.com"], ["eve", "EVE@xyz.com"]]);
  assert.deepEqual([...withContact(two, "BOB", "bob@abc.com")], [
    ["Bob", "bob@abc.com"],
    ["eve", "EVE@xyz.com"],
  ]);
});

Deno.test("what could be an address or several names is no name", () => {
  for (const name of ["", " ", "bob@xyz.com", "bob,eve", "<bob>", '"bob"', "bob\n", "\x1b[2J"]) {
    assert.throws(() => withContact(BOB, name, "x@xyz.com"), failsWith(EXIT.usage, /a name has/));
  }
});

Deno.test("what is no address is no contact's address", () => {
  for (const address of ["bob", "bob@", "bob@xyz.com, eve@xyz.com", "Bob <bob@xyz.com>"]) {
    assert.throws(() => withContact(BOB, "x", address), failsWith(EXIT.usage, /not an address/));
  }
});

Deno.test("a contact is removed by its name in any case; nobody cannot be removed", () => {
  assert.deepEqual([...withoutContact(BOB, "bob")], []);
  assert.throws(() => withoutContact(BOB, "eve"), failsWith(EXIT.noInput, /no contact eve/));
});

Deno.test("a contacts file that was spoilt by hand is named with its line", () => {
  assert.deepEqual([...parseContacts('bob = "bob@xyz.com"\n', "f")], [["bob", "bob@xyz.com"]]);
  const broken = failsWith(EXIT.badConfiguration, /^f: line 2: /);
  assert.throws(() => parseContacts('bob = "bob@xyz.com"\neve = \n', "f"), broken);
  const notText = failsWith(EXIT.badConfiguration, /^f: bob: an address is a string/);
  assert.throws(() => parseContacts("bob = 7\n", "f"), notText);
});

Deno.test("contacts lie where the XDG specification says", () => {
  const path = (variables: Record<string, string>) =>
    contactsPath((name) => variables[name] ?? null);
  assert.equal(path({ XDG_CONFIG_HOME: "/c", HOME: "/h" }), "/c/smtpc/contacts.toml");
  assert.equal(path({ HOME: "/h" }), "/h/.config/smtpc/contacts.toml");
  assert.equal(path({ XDG_CONFIG_HOME: "c", HOME: "/h" }), "/h/.config/smtpc/contacts.toml");
  assert.equal(path({}), null);
});

Deno.test({
  name: "contacts are kept in a file that only its owner can read",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    const variables = { XDG_CONFIG_HOME: `${folder.path}/new/config` };
    const run = (...args: string[]) => runSmtpc(["contacts", ...args], { variables });
    const path = `${variables.XDG_CONFIG_HOME}/smtpc/contacts.toml`;

    assert.match((await run("list")).errors, /There are no contacts/);
    assert.equal((await run("add", "bob", "bob@xyz.com")).status, EXIT.done);
    assert.equal((await run("add", "Eve E.", "eve@xyz.com")).status, EXIT.done);
    assert.equal((await run("list")).output, "bob\tbob@xyz.com\nEve E.\teve@xyz.com\n");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(path.replace(/\/[^/]*$/, ""))).mode! & 0o777, 0o700);
    assert.equal((await run("remove", "BOB")).status, EXIT.done);
    assert.equal(await Deno.readTextFile(path), '"Eve E." = "eve@xyz.com"\n');
    const left = await Array.fromAsync(Deno.readDir(`${variables.XDG_CONFIG_HOME}/smtpc`));
    assert.deepEqual(left.map(({ name }) => name), ["contacts.toml"]);
    assert.equal((await run("remove", "bob")).status, EXIT.noInput);
  },
});

Deno.test({
  name: "contacts that cannot be kept are a failure with the path in it",
  ignore: !canUseFiles,
  async fn() {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/file`, "");
    const add = ["contacts", "add", "bob", "bob@xyz.com"];
    const inFile = await runSmtpc(add, { variables: { XDG_CONFIG_HOME: `${folder.path}/file` } });
    assert.ok(inFile.status === EXIT.cannotCreate || inFile.status === EXIT.noInput);
    assert.match(inFile.failure, /\/file\/smtpc\/contacts\.toml: /);
    const homeless = await runSmtpc(add);
    assert.equal(homeless.status, EXIT.cannotCreate);
    assert.match(homeless.failure, /HOME/);
  },
});
