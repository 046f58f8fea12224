/** What the server announces (RFC 9051 §6.1.1): each only where it works. */
import { mechanismsOver } from "../sasl/server.ts";
import { mayLogIn, type Serving } from "./serving.ts";

/** With every user. */
const ALWAYS = [
  "IMAP4rev1",
  "IMAP4rev2",
  "LITERAL+", // RFC 7888
  "SASL-IR", // RFC 4959
  "ENABLE", // RFC 5161
  "ID", // RFC 2971
];

/** What is of use only behind the login; RFC 9051 §6.1.1 lets it be announced there. */
const BEHIND_LOGIN = [
  "IDLE", // RFC 2177
  "NAMESPACE", // RFC 2342
  "UNSELECT", // RFC 3691
  "UIDPLUS", // RFC 4315
  "MOVE", // RFC 6851
  "CHILDREN", // RFC 3348
  "LIST-EXTENDED", // RFC 5258
  "LIST-STATUS", // RFC 5819
  "SPECIAL-USE", // RFC 6154
  "CREATE-SPECIAL-USE",
  "CONDSTORE", // RFC 7162
  "QRESYNC",
  "ESEARCH", // RFC 4731
  "SEARCHRES", // RFC 5182
  "WITHIN", // RFC 5032
  "CONTEXT=SEARCH", // RFC 5267
  "SORT", // RFC 5256
  "ESORT", // RFC 5267
  "SORT=DISPLAY", // RFC 5957
  "THREAD=ORDEREDSUBJECT",
  "THREAD=REFERENCES",
  "BINARY", // RFC 3516
  "MULTIAPPEND", // RFC 3502
  "CATENATE", // RFC 4469
  "UTF8=ACCEPT", // RFC 6855
  "STATUS=SIZE", // RFC 8438
  "OBJECTID", // RFC 8474
  "PREVIEW", // RFC 8970
  "REPLACE", // RFC 8508
  "SAVEDATE", // RFC 8514
  "QUOTA", // RFC 9208
  "QUOTA=RES-STORAGE",
  "QUOTA=RES-MESSAGE",
  "METADATA", // RFC 5464
  "PARTIAL", // RFC 9394
  "COMPRESS=DEFLATE", // RFC 4978
  "NOTIFY", // RFC 5465
];

/** `CAPABILITY …`, for the greeting, the command and the response code. */
export function capabilities(serving: Serving): string {
  const { account, identity, tls, messageBytesMax } = serving;
  const names = [...ALWAYS, `APPENDLIMIT=${messageBytesMax}`]; // RFC 7889
  if (account === null) {
    if (identity !== null && tls === null) names.push("STARTTLS");
    if (mayLogIn(serving)) {
      names.push(...mechanismsOver(tls?.binding ?? null).map((name) => `AUTH=${name}`));
    } else names.push("LOGINDISABLED");
  } else {
    names.push(...BEHIND_LOGIN);
  }
  return `CAPABILITY ${names.join(" ")}`;
}
