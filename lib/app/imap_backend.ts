/** The IMAP server's backend: who logs in, and to which account that leads. */
import type { ImapBackend, ImapConversation, ImapLogin, ImapPeer } from "../imap/backend.ts";
import { type LoginResult, logLogin } from "./accounts.ts";
import { createImapAccount } from "./imap_account.ts";
import { createListings } from "./imap_listings.ts";
import { createMetadataWatches } from "./imap_metadata_watches.ts";
import { attemptsOf, type Shared } from "./imap_owner.ts";
import { createRecents } from "./imap_recent.ts";
import { createKeptTexts } from "./imap_texts.ts";
import type { Site } from "./site.ts";

/** The backend of one server. */
export function createImapBackend(site: Site): ImapBackend {
  const shared: Shared = {
    metadata: createMetadataWatches(),
    recents: createRecents(),
    listings: createListings(site.store.mail, site.world.clock),
    texts: createKeptTexts(),
  };
  return { open: (peer) => conversationWith(site, shared, peer) };
}

function conversationWith(
  site: Site,
  shared: Shared,
  { address }: ImapPeer,
): ImapConversation {
  const { accounts, log, world } = site;
  const attempt = attemptsOf(site, address);

  function opened(user: string, result: LoginResult): ImapLogin {
    logLogin(log, { user, result, peer: address, protocol: "imap" });
    return typeof result === "string"
      ? result
      : createImapAccount({ site, account: result.id, attempt, ...shared });
  }

  return {
    login: (user, password, signal) =>
      attempt(
        "login",
        async () => opened(user, await accounts.login(user, password, { address, signal })),
      ),
    secret: (user, signal) =>
      attempt("login", async () => {
        const start = await accounts.secret(user, { address, signal });
        if (start === "later") opened(user, start);
        return start;
      }),
    proven: (user, right, signal) =>
      opened(user, accounts.proven(user, right, { address, signal })),
    now: () => world.clock.now(),
    // Nothing is held for a conversation: mailboxes are shared, and watchers end with their signal.
    close() {},
  };
}
