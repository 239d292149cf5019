"""Everybody who has an account or signed in: roles, sessions, tokens, new accounts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtWidgets import QVBoxLayout

from desktop_client.admin.confirm import confirm
from desktop_client.admin.model import Delta, Fleet, Role
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.background import Background
from desktop_client.admin.pages.concerns import one_of
from desktop_client.admin.pages.links import LinkNotice, LinksDialog
from desktop_client.admin.pages.parts import allow, is_online, why_not
from desktop_client.admin.pages.people_columns import (
    PEOPLE,
    Somebody,
    disabling,
    live_of,
    people_rows,
    role_word,
)
from desktop_client.admin.pages.people_dialogs import AddAccount, ChangeRole, OneTimePassword
from desktop_client.admin.pages.person_detail import PersonDetail
from desktop_client.admin.records import Link, NewAccount, Person
from desktop_client.admin.requests import Requests
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.theme import Colours
from desktop_client.windows.parts import button

Request = Callable[[Requests], Coroutine[Any, Any, Any]]


class PeoplePage(Page):
    """See the module."""

    key = "people"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._people: tuple[Person, ...] = ()
        self._known: dict[str, Somebody] = {}
        self._background = Background(shell, self, self._prepare, self._show_rows)
        self._wanted = ""  # a row to choose once the people are there
        self.detail = PersonDetail(shell)
        self.pane: TablePane[Somebody] = TablePane(
            "people", PEOPLE, lambda r: r.person.id, shell, self.detail,
            sort="name", empty="people.empty",
        )  # fmt: skip
        self.add = button("primary")
        self.add.setObjectName("add")
        self.add.clicked.connect(self._add)
        self.pane.bar.addWidget(self.add)
        self.notice = LinkNotice()
        self._links: tuple[Link, ...] = ()
        self._links_open: LinksDialog | None = None
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.notice)
        body.addWidget(self.pane)
        self.notice.look.connect(self._look_at_links)
        self.pane.selected.connect(lambda _: self._show_detail())
        self.detail.asked.connect(self._asked)
        self.detail.revoke_asked.connect(self._revoke)
        self.detail.instances_asked.connect(
            lambda key: shell.go_to("instances", one_of("owner", [key]))
        )

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.people_changed:
            self.refresh()
        if delta.whole:
            self.pane.dress()
            self.detail.dress()
            self.add.setText(say("people.add", language))
            self.notice.show_count(len(self._links), language)
            allow(self.add, why_not(fleet, language))
        if delta.whole or delta.instances or delta.removed_instances:
            self._background.ask(at_once=delta.whole)

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def refresh(self) -> None:
        if not is_online(self.shell.fleet):
            return
        self.shell.bridge.ask(self, lambda r: r.people(), self._heard)
        self.shell.bridge.ask(self, lambda r: r.links(), self._heard_links)

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        self._wanted = row
        self._choose_wanted()

    # -- rows -------------------------------------------------------------------------------------

    def _heard(self, people: tuple[Person, ...]) -> None:
        self._people = people
        self._background.ask(at_once=True)

    def _prepare(self) -> Callable[[], list[Somebody]]:
        people, fleet = self._people, self.shell.fleet
        return lambda: people_rows(people, fleet)

    def _show_rows(self, made: list[Somebody]) -> None:
        rows = [known if (known := self._known.get(r.person.id)) == r else r for r in made]
        self._known = {r.person.id: r for r in rows}
        self.pane.show_rows(rows)
        self._show_detail()
        self._choose_wanted()

    def _choose_wanted(self) -> None:
        if self._wanted and self._wanted in self._known:
            self.pane.select([self._wanted])
            self._wanted = ""

    def _show_detail(self) -> None:
        self.detail.show_people(self.pane.selected_rows())

    # -- former accounts --------------------------------------------------------------------------

    def _heard_links(self, links: tuple[Link, ...]) -> None:
        self._links = links
        self.notice.show_count(len(links), self.shell.language)
        if self._links_open is not None:
            self._links_open.show_links(links)

    def _look_at_links(self) -> None:
        language = self.shell.language
        dialog = LinksDialog(
            self._links, why_not(self.shell.fleet, language), language, self.window()
        )
        self._links_open = dialog
        dialog.finished.connect(self._forget_links)
        dialog.approved.connect(self._approve)
        dialog.refused.connect(self._refuse)
        dialog.open()

    def _forget_links(self) -> None:
        self._links_open = None

    def _approve(self, link: Link) -> None:
        done = say(
            "links.approved", self.shell.language, name=link.asker_name, username=link.username
        )
        self._decide(lambda r: r.approve_link(link.id), done)

    def _refuse(self, link: Link, reason: str) -> None:
        done = say("links.refused", self.shell.language, name=link.asker_name)
        self._decide(lambda r: r.refuse_link(link.id, reason), done)

    def _decide(self, request: Request, done: str) -> None:
        """What goes wrong is told in the dialog, where the admin looks."""
        dialog = self._links_open
        if dialog is None:
            return

        def decided(_: Any) -> None:
            self.shell.tell_done(done)
            self.refresh()

        self.shell.bridge.ask(dialog, request, decided, dialog.show_problem)

    # -- what can be done -------------------------------------------------------------------------

    def _do(self, request: Request, done: Callable[[Any], str]) -> None:
        """Ask; then say what was done, and look at everybody again."""
        self.shell.tell(None)

        def answered(result: Any) -> None:
            self.shell.tell_done(done(result))
            self.refresh()

        self.shell.bridge.ask(self, request, answered)

    def _asked(self, action: str) -> None:
        person = self.detail.person
        if person is None:
            return
        match action:
            case "role.change":
                dialog = ChangeRole(person, self.shell.language, self.window())
                dialog.wanted.connect(lambda role: self._set_role(person, role))
                dialog.open()
            case "disable":
                self._disable(person)
            case "enable":
                done = say("people.enable.done", self.shell.language, name=person.name)
                self._do(lambda r: r.set_disabled(person.id, False), lambda _: done)
            case "out":
                self._sign_out(person)
            case "role.claims":
                done = say("people.role.claims.done", self.shell.language, name=person.name)
                self._do(lambda r: r.set_role(person.id, Role.UNKNOWN), lambda _: done)
            case "password":
                self._reset_password(person)
            case "factor.reset":
                self._reset_factor(person)

    def _set_role(self, person: Person, role: Role) -> None:
        language = self.shell.language
        word = role_word(role, language)
        done = say("people.role.done", language, name=person.name, role=word)
        self._do(lambda r: r.set_role(person.id, role), lambda _: done)

    def _disable(self, person: Person) -> None:
        language = self.shell.language
        done = say("people.disable.done", language, name=person.name)
        confirm(
            self.window(),
            say("people.disable.title", language, name=person.name),
            disabling(person, live_of(person.id, self.shell.fleet), self._speech()),
            say("people.disable.consequence", language),
            say("people.disable.yes", language, name=person.name),
            True,
            lambda: self._do(lambda r: r.set_disabled(person.id, True), lambda _: done),
            language,
        )

    def _reset_password(self, person: Person) -> None:
        language = self.shell.language

        def made(account: NewAccount) -> None:
            OneTimePassword(account, self._speech(), self.window(), reset=True).open()
            self.refresh()

        def reset() -> None:
            self.shell.bridge.ask(self, lambda r: r.reset_password(person), made)

        confirm(
            self.window(),
            say("people.password.title", language, name=person.name),
            [say("people.out.victims", language, count=person.sessions)],
            say("people.password.consequence", language),
            say("people.password.yes", language),
            True,
            reset,
            language,
        )

    def _reset_factor(self, person: Person) -> None:
        language = self.shell.language
        done = say("people.factor.done", language, name=person.name)
        confirm(
            self.window(),
            say("people.factor.title", language, name=person.name),
            (),
            say("people.factor.consequence", language),
            say("people.factor.yes", language),
            True,
            lambda: self._do(lambda r: r.reset_second_factor(person.id), lambda _: done),
            language,
        )

    def _sign_out(self, person: Person) -> None:
        language = self.shell.language

        def done(count: int) -> str:
            return say("people.out.done", language, name=person.name, count=count)

        confirm(
            self.window(),
            say("people.out.title", language, name=person.name),
            [say("people.out.victims", language, count=person.sessions)],
            say("people.out.consequence", language),
            say("people.out.yes", language),
            True,
            lambda: self._do(lambda r: r.sign_out_everywhere(person.id), done),
            language,
        )

    def _revoke(self, ids: Sequence[str]) -> None:
        person = self.detail.person
        found = [t for key in ids if (t := self.detail.tokens.model.find(key)) is not None]
        if person is None or not found:
            return
        language, speech = self.shell.language, self._speech()
        key = "people.token.revoke.title." + ("one" if len(found) == 1 else "many")
        title = say(key, language, token=found[0].name, count=len(found), name=person.name)
        victims = [
            say(
                "people.token.revoke.victim",
                language,
                token=t.name or t.id,
                at=cells.at(t.last_used, speech),
            )
            for t in found
        ]
        done = say("people.token.revoked", language, count=len(found))
        tokens = tuple(t.id for t in found)

        async def revoke(requests: Requests) -> None:
            for token in tokens:
                await requests.revoke_token(person.id, token)

        confirm(
            self.window(), title, victims, say("people.token.revoke.consequence", language),
            say("people.token.revoke.yes", language), True,
            lambda: self._do(revoke, lambda _: done), language,
        )  # fmt: skip

    def _speech(self) -> Speech:
        return Speech(self.shell.language, self.shell.now(), self.shell.zone)

    # -- a new account ----------------------------------------------------------------------------

    def _add(self) -> None:
        dialog = AddAccount(self.shell.language, self.window())

        def made(account: NewAccount) -> None:
            dialog.accept()
            OneTimePassword(account, self._speech(), self.window()).open()
            self._wanted = account.person_id
            self.refresh()

        def wanted(username: str, name: str, role: Role) -> None:
            self.shell.bridge.ask(
                dialog, lambda r: r.create_account(username, name, role), made, dialog.show_problem
            )

        dialog.wanted.connect(wanted)
        dialog.open()
