"""The door's speed beside other proxies, in one run: ``python -m benchmarks.gateway``.

Every way leads to one and the same engine (an nginx that answers 1 KiB and 64 MiB from memory, and
an echo for WebSockets); TLS on everywhere but *direct*:

- direct: plain HTTP, no proxy;
- nginx: one hop, nobody is authorised, no tunnel;
- nginx-auth: the same, and each request is asked about (``auth_request``) at the cheapest authority
  that there could be: another nginx that looks the cookie up in a ``map``;
- haproxy, chp: one hop each; chp is configurable-http-proxy, JupyterHub's;
- pair: nginx, and an haproxy behind an mTLS hop, as a gateway and an agent are two;
- gateway: every request authorised, the real tunnel (mTLS) and the real agent's end.

Everything between browsers and engine shares one core; browsers and engine have another. Rounds are
interleaved, so that a noisy machine is noisy for all, and figures are medians of rounds. The CPU
time of each process is read from the kernel: it says what a request costs even where neighbours
take turns with us, so ratios of *cost* are ratios of CPU time per request.

The product has no way to an engine without its tunnel. Where a figure speaks of the gateway without
one, it is the CPU time of the gateway's process alone, in which the tunnel's own TLS is contained.
"""
