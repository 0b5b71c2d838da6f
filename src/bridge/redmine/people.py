"""Whether the directory's Redmine ids are the people it says: a wrong id would make a stranger the owner. Reads only.

A key without administrator's rights sees the parent project's members by name, and single accounts by id with first
name, last name and (5.0 to 7.0) login; a locked account answers 404 to it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations

from bridge.directory.directory import Person
from bridge.model.errors import BridgeError, Forbidden, NotFound, Problem, problem_of
from bridge.redmine.client import PAGE, Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.names import Account, Names
from bridge.redmine.options import RedmineOptions

WHERE = "directory"
MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What Redmine tells of an account; `login` is empty where it keeps that to itself."""

    id: int
    name: str
    login: str = ""

    def __str__(self) -> str:
        return f"“{self.name}” ({self.login})" if self.login else f"“{self.name}”"


@dataclass(frozen=True, slots=True)
class People:
    """Compares the directory with Redmine's accounts."""

    client: Client
    names: Names
    options: RedmineOptions

    def problems(self, people: Iterable[Person]) -> list[Problem]:
        """What is wrong with the ids of active people; one request each."""
        try:
            account = self.names.account()
            members = self._members()
            return [
                problem
                for person in people
                if person.active and person.redmine_id is not None
                for problem in self._person(person, person.redmine_id, account, members)
            ]
        except BridgeError as error:
            what = f"the Redmine ids could not be compared: {error.where}: {error.what}"
            return [problem_of(WHERE, error, what)]

    def roles(self, project: str) -> dict[int, frozenset[str]]:
        """See ProjectTracker.roles."""
        try:
            # a group's roles stand with each of its members, too (5.0 to 7.0)
            return {
                row["user"]["id"]: frozenset(role["name"] for role in row["roles"])
                for row in self._memberships(project)
                if "user" in row
            }
        except (Forbidden, NotFound) as error:
            raise refusal(self.client, project, error, "View project") from error

    def _members(self) -> dict[int, str]:
        """Names by id of the parent project's members; empty where the account may not see them."""
        try:
            rows = self._memberships(self.options.parent_project)
        except (Forbidden, NotFound):
            return {}
        return {row["user"]["id"]: row["user"]["name"] for row in rows if "user" in row}

    def _memberships(self, project: str) -> list[Raw]:
        found: list[Raw] = []
        while True:
            query = {"limit": PAGE, "offset": len(found)}
            rows: list[Raw] = self.client.get(f"/projects/{project}/memberships.json", "memberships", query)
            found += rows
            if len(rows) < PAGE:
                return found

    def _person(self, person: Person, number: int, account: Account, members: dict[int, str]) -> Iterator[Problem]:
        where = f"{WHERE}, person {person.key}"
        try:
            raw = self.client.get(f"/users/{number}.json", "user")
        except NotFound:
            yield self._unseen(person, number, account, members, where)
            return
        except Forbidden:
            if number not in members:
                return
            raw = {"firstname": members[number]}
        found = Found(number, f"{raw.get('firstname', '')} {raw.get('lastname', '')}".strip(), raw.get("login", ""))
        problem = difference(person, found, where, _like(person, members))
        if problem is not None:
            yield problem
        elif number == account.id:
            what = f"Redmine id {number} is the account whose key the bridge uses: it would be told of its own work."
            yield Problem(where, what, "Give the bridge an account of its own.", "warning")

    def _unseen(self, person: Person, number: int, account: Account, members: dict[int, str], where: str) -> Problem:
        advice = "Unlock the account, correct redmine.id, or say active: false." + _like(person, members)
        if number in members:
            return Problem(where, f"Redmine id {number} (“{members[number]}”) is locked.", advice)
        everybody = account.admin or any(
            self.names.role(role).sees_all_users for roles in account.roles.values() for role in roles
        )
        if everybody:
            return Problem(where, f"there is no active Redmine account with the id {number}.", advice)
        what = f"the bridge's account cannot see a Redmine account with the id {number}: it is not compared."
        return Problem(where, what, f"Make the person a member of “{self.options.parent_project}”.", "warning")


def difference(person: Person, found: Found, where: str, guess: str = "") -> Problem | None:
    """What does not fit between a person of the directory and the account with their id; None when it is theirs.

    The login decides where the directory gives one and Redmine tells it; else the name: in another order or with a
    middle name it is the same, with one word in common it is doubted, with none it is somebody else's.
    """
    advice = f"Correct redmine.id (or login, or name) of {person.key} in the directory.{guess}"
    what = f"Redmine id {found.id} is {found}"
    if person.redmine_login and found.login:
        same = person.redmine_login.casefold() == found.login.casefold()
        return None if same else Problem(where, f"{what}, not the login “{person.redmine_login}”.", advice)
    if not person.name:
        known = {login.casefold() for login in (person.key, *person.logins.values())}
        what = f"{what}: the directory gives no name or login to compare that with."
        doubt = Problem(where, what, f"Give redmine.login of {person.key}.", "warning")
        return None if found.login.casefold() in known else doubt
    if same_name(person.name, found.name):
        return None
    if _words(person.name) & _words(found.name):
        return Problem(where, f"{what}, in the directory “{person.name}”: is that one person?", advice, "warning")
    return Problem(where, f"{what}, not “{person.name}”.", advice)


def same_name(one: str, other: str) -> bool:
    """Whether two spellings can be one person: words in any order, one with more of them, written together or not."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return False
    return first <= second or second <= first or bool(_joined(first) & _joined(second))


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return frozenset(letters.split())


def _joined(words: frozenset[str]) -> set[str]:
    """The words written together in every order: 李雷 is 雷 李."""
    return {"".join(order) for order in permutations(words)} if len(words) <= MOST_WORDS else set()


def _like(person: Person, members: dict[int, str]) -> str:
    """Which member has the person's name."""
    found = [number for number, name in members.items() if person.name and same_name(person.name, name)]
    return f" Id {found[0]} is “{members[found[0]]}”." if len(found) == 1 else ""
