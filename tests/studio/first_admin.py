"""What IT does once in a browser: open /setup, type the one-time code, choose a password.

Usage: first_admin.py WEB_URL CODE USERNAME PASSWORD
"""

from __future__ import annotations

import re
import sys

import httpx


def main(web_url: str, code: str, username: str, password: str) -> None:
    with httpx.Client(base_url=web_url, verify=False, follow_redirects=True) as client:
        page = client.get("/setup")
        page.raise_for_status()
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found is not None, page.text[:2000]
        answer = client.post(
            "/setup",
            data={
                "csrf": found[1],
                "code": code,
                "username": username,
                "name": username.upper(),
                "password": password,
            },
            headers={"Origin": web_url},
        )
        answer.raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:5])
