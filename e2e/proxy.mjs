// A bad network between a phone and the service: passes, cuts, delays or answers in its place, as `proxy.rule` says.
import { createServer, request } from 'node:http';

/**
 * Starts a proxy before `target`. `rule({ method, path, headers, body })` returns, for each request, nothing (pass), 'cut' (the
 * request never arrives), 'cut-answer' (the service answers, the phone never hears it), `{ status, headers, body }` (an
 * answer in the service's place) or `{ body }` (another body for the service).
 */
export async function proxyTo(target) {
  const { port } = new URL(target);
  const proxy = { rule: () => undefined, seen: [], url: '' };
  const server = createServer((from, to) => {
    const parts = [];
    from.on('error', () => {});
    to.on('error', () => {});
    from.on('data', part => parts.push(part));
    from.on('end', () => {
      const body = Buffer.concat(parts), asked = { method: from.method, path: from.url, headers: from.headers, body };
      proxy.seen.push({ method: from.method, path: from.url, at: Date.now() });
      const rule = proxy.rule(asked);
      if (rule === 'cut') { from.socket.destroy(); return; }
      if (rule?.status) { to.writeHead(rule.status, rule.headers); to.end(rule.body); return; }
      forward(from, to, rule?.body ?? body, rule === 'cut-answer');
    });
  });
  function forward(from, to, body, isCut) {
    const headers = { ...from.headers };
    delete headers['transfer-encoding'];
    if (body.length || headers['content-length']) headers['content-length'] = String(body.length);
    const next = request({ host: '127.0.0.1', port, method: from.method, path: from.url, headers }, answer => {
      const parts = [];
      answer.on('data', part => parts.push(part));
      answer.on('end', () => {
        if (isCut) { from.socket.destroy(); return; }
        const told = { ...answer.headers };
        delete told['transfer-encoding'];
        to.writeHead(answer.statusCode, told);
        to.end(Buffer.concat(parts));
      });
      answer.on('error', () => from.socket.destroy());
    });
    // The service is down: the phone sees a broken connection, as without a network.
    next.on('error', () => from.socket.destroy());
    next.end(body);
  }
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve); });
  // A check that failed does not stop it, and the script must end all the same.
  server.unref();
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  proxy.stop = () => { server.closeAllConnections(); server.close(); };
  return proxy;
}

/** A problem as the service would answer it. */
export const problem = (status, slug, headers = {}) => ({
  status, headers: { 'content-type': 'application/problem+json', ...headers }, body: JSON.stringify({ type: `/problems/${slug}`, status, title: slug, detail: slug }),
});
