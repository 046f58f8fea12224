import assert from "$assert";
import { unzipOnly } from "../scripts/base.ts";

/** Made by Python's zipfile: one file, deflated and stored. */
const ARCHIVES = [
  "UEsDBBQAAAAIAK41eF0HaFMGFwAAAEgAAAAGAAAAZGVub3J0S1RISixOVUitSE0uLUlMyklVSCRLBABQSwECFAMU" +
  "AAAACACuNXhdB2hTBhcAAABIAAAABgAAAAAAAAAAAAAAgAEAAAAAZGVub3J0UEsFBgAAAAABAAEANAAAADsAAAAA" +
  "AA==",
  "UEsDBBQAAAAAAK41eF0HaFMGSAAAAEgAAAAGAAAAZGVub3J0YSBiYXNlIGV4ZWN1dGFibGUgYSBiYXNlIGV4ZWN1" +
  "dGFibGUgYSBiYXNlIGV4ZWN1dGFibGUgYSBiYXNlIGV4ZWN1dGFibGUgUEsBAhQDFAAAAAAArjV4XQdoUwZIAAAA" +
  "SAAAAAYAAAAAAAAAAAAAAIABAAAAAGRlbm9ydFBLBQYAAAAAAQABADQAAABsAAAAAAA=",
];

Deno.test("unzipOnly gives the content of the only file, deflated or stored", () => {
  for (const archive of ARCHIVES) {
    const bytes = Uint8Array.from(atob(archive), (each) => each.charCodeAt(0));
    assert.equal(new TextDecoder().decode(unzipOnly(bytes)), "a base executable ".repeat(4));
  }
});

Deno.test("unzipOnly refuses what is not an archive", () => {
  assert.throws(() => unzipOnly(new Uint8Array(100)), /not a zip archive/);
});
