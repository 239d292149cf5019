"""The attacks that must fail, by number, as docs/security.md lists them.

"Refused" means a clear status, an audit entry, and nothing changed. A test shows a line with
``@pytest.mark.attack(12)``; ``test_index.py`` fails for a line without a test.
"""

from __future__ import annotations

ATTACKS: dict[int, str] = {
    1: "/authorize without PKCE or with plain",
    2: "redirect_uri variants",
    3: "code replay, race, other client, other redirect_uri, wrong verifier, expired",
    4: "refresh reuse, another client's refresh, wider scope; a lost answer retried works",
    5: "login CSRF, clickjacking, enumeration, brute force, password-hash flood",
    6: "ID token: alg none, HS256, aud, iss, nonce, expired, unknown kid; rotation; kid flood",
    7: "end_session with a foreign redirect; device codes: replay, slow_down, brute force",
    8: "a disabled person's refresh, sessions, API tokens and open streams",
    9: "rogue requests to the loopback port, issuer mix-up, foreign discovery",
    10: "two processes refreshing at once; killed between refresh and save",
    11: "keyring locked, absent, plaintext or chained, long secret, crash in mid-write",
    12: "cookie tossing, duplicates, siblings, fixation, hand-off reuse",
    13: "open redirects",
    14: "unsafe methods with a foreign, sibling, null or http Origin; no-cors; form posts",
    15: "WebSocket without cookie or Origin, foreign or sibling Origin; closed at sign-out",
    16: "spoofed headers, ambiguous targets and heads, smuggling, slow heads",
    17: "another creator's instance; engine answers that would harm siblings",
    18: "the container's port directly; our ports and private addresses from inside",
    19: "join token reused, expired, raced, guessed; hostile CSRs",
    20: "foreign CA, expired, wrong kind of certificate, crossed services, another node",
    21: "revocation on live calls and streams; a certificate that expires on an open channel",
    22: "man in the middle at join; reload in mid-traffic and CA rotation work",
    23: "malformed, replayed or foreign bearers",
    24: "role injection, missing groups, overage, odd e-mail addresses",
    25: "first-admin code, API token of a disabled or demoted owner, secrets in logs",
    26: "identity provider down, 500 or invalid_grant, JWKS unreachable",
    27: "every RPC and HTTP route times every role",
    28: "a template that asks for more than a machine allows; a hostile coordinator",
    29: "import of archives with .., absolute paths, links, devices, bombs",
}
