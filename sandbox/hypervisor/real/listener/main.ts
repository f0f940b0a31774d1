/** Opens one listening socket in the network namespace it was started in, hands it to its parent and ends. */
import { createServer } from "node:net";

const [host, port] = process.argv.slice(2);
const server = createServer();
server.listen(Number(port), host, () => {
  process.send?.("listening", server, undefined, (error) => {
    process.exitCode = error === null ? 0 : 1;
    process.disconnect();
    server.close();
  });
});
