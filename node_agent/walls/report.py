"""The walls as somebody at this machine sees them, beside a running agent or without one."""

from __future__ import annotations

from typing import Any

from aigc.errors import AigcError, ErrorKind
from node_agent.walls import nftables, obstacles
from node_agent.walls.nftables import Nft, NftError
from node_agent.walls.rules import Ground, Table, table_name


def look(scope: str, nft: Nft | None = None) -> dict[str, Any]:
    """What there is now. Blocks.

    Keys: ``up`` (the rules that every network shares are there), ``possible`` (nft works here, so
    that the agent can put them up), ``table``, ``message``, ``refused`` (attempts by network).
    """
    name = table_name(scope)
    told: dict[str, Any] = {"up": False, "possible": False, "table": name, "refused": {}}
    try:
        listing = (nft or Nft()).listing(name)
    except NftError as error:
        return {**told, "message": obstacles.of_nft(error).en}
    told["possible"] = True
    if listing is None:
        return {
            **told,
            "message": f"There is no table inet {name}: "
            "with Docker, the agent puts it up at its start.",
        }
    # The agent's user and mark are its own to know: the hooks and refusals are looked at.
    wanted = nftables.expected(Table(Ground(scope, 0)))
    there = nftables.found(listing, wanted)
    gone = [
        chain
        for chain, (base, rules) in wanted.chains.items()
        if there.chains.get(chain, (None, ()))[0] != base
        or len(there.chains[chain][1]) != len(rules)
    ]
    counted = nftables.counted(listing).rules
    told["refused"] = {
        chain.removeprefix("refuse_"): count
        for chain, count in sorted(counted.items())
        if chain.startswith("refuse_") and count
    }
    if gone:
        return {
            **told,
            "message": f"Rules of table inet {name} are gone ({', '.join(gone)}): a running agent "
            "repairs them within a minute.",
        }
    return {
        **told,
        "up": True,
        "message": f"The walls are up (table inet {name}); other users of this machine were "
        f"refused {counted.get('to_engines', 0)} times.",
    }


def remove(scope: str, nft: Nft | None = None) -> bool:
    """Take the walls down; whether there were any. Blocks.

    Raises:
        AigcError: ``walls-stay``.
    """
    try:
        return (nft or Nft()).remove(table_name(scope))
    except NftError as error:
        raise AigcError("walls-stay", obstacles.of_nft(error).en, ErrorKind.UNAVAILABLE) from error
