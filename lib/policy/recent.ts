/** What is remembered about strangers: by network, so much of it and no more. */

/** This machine, in {@linkcode networkOf}. */
export const LOOPBACK = "loopback";

/** Whom an address stands for: whoever has one address of IPv6 has 2^64 of them. */
export function networkOf(address: string): string {
  const ipv4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4.startsWith("127.") ? LOOPBACK : ipv4;
  if (address === "::1") return LOOPBACK;
  const [front = "", back = ""] = address.toLowerCase().split("%")[0]!.split("::");
  const groups = front === "" ? [] : front.split(":");
  const behind = back === "" ? [] : back.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - behind.length) }, () => "0");
  return [...groups, ...zeros, ...behind].slice(0, 4).join(":");
}

/** Remembers so many and no more; what was not asked for longest is forgotten first. */
export class Recent<T> {
  readonly #values = new Map<string, T>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): T | null {
    const value = this.#values.get(key);
    if (value === undefined) return null;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  getOrAdd(key: string, make: () => T): T {
    const found = this.get(key);
    if (found !== null) return found;
    if (this.#values.size >= this.#max) {
      this.#values.delete(this.#values.keys().next().value!);
    }
    const value = make();
    this.#values.set(key, value);
    return value;
  }
}
