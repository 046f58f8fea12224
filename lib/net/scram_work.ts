/** What SCRAM needs of the world. */
import { encodeBase64 } from "../sasl/base64.ts";
import type { SaslWork } from "../sasl/client.ts";
import type { World } from "./world.ts";

/** 144 random bits; RFC 5802 §5.1 asks that no two exchanges have the same. */
const NONCE_BYTES = 18;

/** A new nonce: base64 has neither a comma nor anything that cannot be printed. */
export function scramNonce({ random }: World): string {
  return encodeBase64(random.bytes(NONCE_BYTES));
}

/** What a client's login needs to use SCRAM. */
export function scramWork(world: World): SaslWork {
  return { nonce: () => scramNonce(world), pbkdf2: world.work.pbkdf2 };
}
