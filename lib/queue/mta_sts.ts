/**
 * MTA-STS, RFC 8461: what a domain says about the servers that take its mail, so that nobody on the
 * way can name others or take the encryption away. Pure: texts in, values out.
 */

/** A policy as its domain publishes it. */
export interface StsPolicy {
  /**
   * `enforce`: mail goes only where the policy holds. `testing`: what would not hold is written
   * down. `none`: as if there were no policy (RFC 8461 §5).
   */
  readonly mode: StsMode;
  /** Names of servers in lower case, `*.` for one label in front; empty only for `none`. */
  readonly mx: readonly string[];
  /** How long it may be remembered after it was fetched. */
  readonly maxAgeMs: number;
}

export type StsMode = (typeof MODES)[number];

const MODES = ["enforce", "testing", "none"] as const;

/** RFC 8461 §3.2: a year and a quarter of a day. */
export const MAX_AGE_SECONDS_MAX = 31_557_600;

/** The name whose TXT record says that a domain has a policy, and which one (RFC 8461 §3.1). */
export function stsRecordName(domain: string): string {
  return `_mta-sts.${domain}`;
}

/** Where the policy of a domain is (RFC 8461 §3.2). */
export function stsPolicyUrl(domain: string): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}

/**
 * The id of the policy that is in force, from all TXT records of the name; `null` where they say
 * that there is none, or make no sense.
 */
export function stsIdOf(texts: readonly string[]): string | null {
  // RFC 8461 §3.1: other records are discarded; of those that are left there must be one.
  const [record, another] = texts.filter((text) => /^v=STSv1[ \t]*;/.test(text));
  if (record === undefined || another !== undefined) return null;
  const [, ...fields] = record.split(";").map((field) => field.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (fields.at(-1) === "") fields.pop();
  if (!fields.every((field) => RECORD_FIELD.test(field))) return null;
  // RFC 8461 §3.2: of a field that is there twice, the first counts.
  const id = fields.find((field) => field.startsWith("id="))?.slice("id=".length) ?? "";
  return /^[A-Za-z0-9]{1,32}$/.test(id) ? id : null;
}

/** RFC 8461 §3.1, `sts-extension`; the id has that form, too. */
const RECORD_FIELD = /^[A-Za-z0-9][\w.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+$/;

/** Reads a policy file; `null` where it makes no sense, which is as if it were not there. */
export function parseStsPolicy(text: string): StsPolicy | null {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  // Lines without anything are no fields, and yet found at the end of many a file.
  for (const line of text.split(/\r?\n/).filter((each) => each.trim() !== "")) {
    const [, name, value] = POLICY_FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    if (name === "mx") mx.push(value.toLowerCase());
    // RFC 8461 §3.2: of all but `mx`, the first counts; unknown ones are ignored.
    else if (!fields.has(name)) fields.set(name, value);
  }
  const mode = MODES.find((each) => each === fields.get("mode"));
  const maxAge = fields.get("max_age") ?? "";
  if (fields.get("version") !== "STSv1" || mode === undefined) return null;
  if (!/^\d{1,10}$/.test(maxAge) || !mx.every((each) => MX_PATTERN.test(each))) return null;
  if (mx.length === 0 && mode !== "none") return null;
  return { mode, mx, maxAgeMs: Math.min(Number(maxAge), MAX_AGE_SECONDS_MAX) * 1000 };
}

const POLICY_FIELD =
  /^([A-Za-z0-9][\w.-]{0,31}):[ \t]*([^\s\p{Cc}](?:\P{Cc}*[^\s\p{Cc}])?)[ \t]*$/u;
const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const MX_PATTERN = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/** Whether the policy names a host that MX has named; in A-labels, as all names here are. */
export function allowsMx({ mx }: Pick<StsPolicy, "mx">, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  // RFC 8461 §4.1: the asterisk stands for one label, and for no fewer.
  const parent = /^[^.]+\.(.+)$/.exec(name)?.[1];
  return mx.some((pattern) =>
    pattern.startsWith("*.") ? parent === pattern.slice("*.".length) : name === pattern
  );
}
