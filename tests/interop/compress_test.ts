/** Python's zlib against our server's COMPRESS. */
import assert from "$assert";
import { runWell, testWithServer } from "./run.ts";

const CLIENT = `
import imaplib, ssl, sys, zlib

imaps_port, ca = int(sys.argv[1]), sys.argv[2]
imap = imaplib.IMAP4_SSL("localhost", imaps_port, ssl_context=ssl.create_default_context(cafile=ca))

def ok(answer):
    kind, data = answer
    assert kind == "OK", answer
    return data

ok(imap.login("bob", "hunter2"))
assert b"COMPRESS=DEFLATE" in ok(imap.capability())[0]
imaplib.Commands["COMPRESS"] = ("AUTH", "SELECTED")
ok(imap.xatom("COMPRESS", "DEFLATE"))

# RFC 4978 section 4: window bits from -8 to -15.
deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
inflate = zlib.decompressobj(-15)
socket, waiting, received, meant = imap.socket(), b"", 0, 0

def fill():
    global waiting, received, meant
    data = socket.recv(5)
    assert data, "the server has left"
    text = inflate.decompress(data)
    received, meant, waiting = received + len(data), meant + len(text), waiting + text

def read(size):
    global waiting
    while len(waiting) < size:
        fill()
    found, waiting = waiting[:size], waiting[size:]
    return found

def readline():
    while b"\\n" not in waiting:
        fill()
    return read(waiting.index(b"\\n") + 1)

def send(data):
    for piece in [data[:3], data[3:]]:
        socket.sendall(deflate.compress(piece) + deflate.flush(zlib.Z_SYNC_FLUSH))

imap.read, imap.readline, imap.send = read, readline, send

ok(imap.noop())
mail = b"Subject: large\\r\\n\\r\\n" + b"a line that comes again and again\\r\\n" * 20000
ok(imap.append("INBOX", None, None, mail))
assert ok(imap.select("INBOX")) == [b"1"]
[(_, body), *_] = ok(imap.fetch("1", "(BODY.PEEK[])"))
assert body == mail, len(body)
assert imap.xatom("COMPRESS", "DEFLATE")[0] == "NO"
assert received * 20 < meant, (received, meant)
assert imap.logout()[0] == "BYE"
print("all well")
`;

testWithServer("Python's zlib understands what the server compresses, under TLS", async (peer) => {
  await Deno.writeTextFile(`${peer.folder}/client.py`, CLIENT);
  const args = [`${peer.folder}/client.py`, `${peer.ports.imaps}`, peer.ca];
  assert.equal(await runWell("python3", args), "all well\n");
}, ["--imaps-port", "0"]);
