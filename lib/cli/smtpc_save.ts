/** `smtpc read --save`: attachments as files, under names that a stranger cannot abuse. */
import type { ShownAttachment } from "../mail/read.ts";
import { EXIT, Failure } from "./fail.ts";
import { createFile, makeFolder } from "./files.ts";

/**
 * Saves each into the folder, which is made when it is missing. Nothing is overwritten: another
 * file of the same name gets a number. Gives the paths, in the order of the attachments.
 * @throws {Failure} `cannotCreate`
 */
export async function saveAttachments(
  folder: string,
  attachments: readonly ShownAttachment[],
): Promise<readonly string[]> {
  if (attachments.length === 0) return [];
  await makeFolder(folder);
  const paths: string[] = [];
  for (const attachment of attachments) paths.push(await save(folder, attachment));
  return paths;
}

/** One folder with so many files of one name is somebody's attack. */
const SAME_NAMES = 1_000;

async function save(folder: string, { name, type, content }: ShownAttachment): Promise<string> {
  const safe = safeName(name === type ? "" : name);
  for (let count = 1; count <= SAME_NAMES; count++) {
    const path = `${folder.replace(/\/+$/, "")}/${numbered(safe, count)}`;
    if (await createFile(path, content)) return path;
  }
  throw new Failure(EXIT.cannotCreate, `${folder} has ${SAME_NAMES} files named like ${safe}`);
}

/** File systems take 255 bytes; a number has to fit in as well. */
const NAME_BYTES = 200;

/**
 * A name for a file in one folder, whatever it was: no folder in front, nothing hidden, nothing
 * that a shell, a terminal or Windows would take for something else.
 */
export function safeName(name: string): string {
  const base = name.normalize("NFC").split(/[/\\]/).at(-1)!
    // Controls, marks that turn the direction of writing, and what Windows forbids.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*]/gu, "_")
    .replace(/^[\s.~-]+|[\s.]+$/gu, "");
  const [, stem = "", extension = ""] = /^(.*?)(\.[^.\s]{1,16})?$/su.exec(base)!;
  // `CON.txt` is the console there.
  const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(stem.split(".")[0]!.trim());
  const cut = shortened(reserved ? `_${stem}` : stem, NAME_BYTES - byteLength(extension));
  return cut === "" ? `attachment${extension}` : cut + extension;
}

function numbered(name: string, count: number): string {
  if (count === 1) return name;
  const dot = name.lastIndexOf(".");
  const end = dot <= 0 ? name.length : dot;
  return `${name.slice(0, end)} (${count})${name.slice(end)}`;
}

function shortened(text: string, bytesMax: number): string {
  let cut = "";
  let bytes = 0;
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > bytesMax) break;
    cut += character;
  }
  return cut.trim();
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
