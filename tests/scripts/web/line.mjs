// The line between the browser and the bucket, with faults that are injected: it can be cut, change bytes on the
// way, and lose answers.
// Chromium is told to connect here instead; what it sends, its Host header too, is meant for the bucket.
import { connect, createServer } from "node:net";

export async function line(endpoint) {
  const { hostname, port } = new URL(endpoint);
  const sockets = new Set();
  const state = { isCut: false, corrupt: 0, lose: 0 };
  const server = createServer((socket) => {
    if (state.isCut) return socket.destroy();
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const [one, other] of [[socket, upstream], [upstream, socket]]) {
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => { sockets.delete(one); other.destroy(); });
    }
    let sent = 0;
    socket.on("data", (bytes) => {
      sent += bytes.length;
      // Well within a body: what is changed is the file.
      if (state.corrupt > 0 && bytes.length > 10_000) {
        state.corrupt -= 1;
        bytes[bytes.length >> 1] ^= 1;
      }
      if (!upstream.write(bytes)) {
        socket.pause();
        upstream.once("drain", () => socket.resume());
      }
    });
    upstream.on("data", (bytes) => {
      // An answer to something long: a file has arrived, and nobody hears of it.
      if (state.lose > 0 && sent > 50_000) {
        state.lose -= 1;
        return socket.destroy();
      }
      sent = 0;
      socket.write(bytes);
    });
    upstream.on("end", () => socket.end());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    /** For Chromium's command line. */
    argument: `--host-resolver-rules=MAP ${hostname}:${port} 127.0.0.1:${server.address().port}`,
    cut() {
      state.isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      state.isCut = false;
    },
    /** Changes a bit in each of the next `count` blocks of a file. */
    corrupt(count) {
      state.corrupt = count;
    },
    /** Loses the answers to the next `count` PUTs of a file. */
    lose(count) {
      state.lose = count;
    },
    /** How many are still to be lost. */
    toLose: () => state.lose,
    close: () => server.close(),
  };
}
