/** Messages with parts, for the targets that look into them. */
import { encode } from "../../lib/wire/bytes.ts";

export const MIME_SEEDS: readonly Uint8Array[] = [
  "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nfor nobody ä\r\n--x\r\n" +
  "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n" +
  "--x\r\nContent-Type: application/octet-stream\r\n\r\n\xff\0ä\r\n--x--\r\n",
  'Content-Type: multipart/digest; boundary="a b"\r\n\r\n--a b\r\n\r\n' +
  "Subject: x\r\n\r\nä\r\n--a b--",
  "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\nä\r\n--x--\r\n",
  "Content-Type: message/rfc822\r\n\r\nContent-Type: text/plain\r\n\r\nä\r\n",
  "Subject: ä\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nX: ö\r\n\r\n--x--",
  "Content-Transfer-Encoding: base64\r\nContent-Type: text/plain (c)\r\n\r\nR3LDvMOfZQ==\r\n",
  "From: a@b\r\n\r\nschlicht und plain: äöü\r\n",
].map(encode);
